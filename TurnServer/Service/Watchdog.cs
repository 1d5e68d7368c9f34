using System.Globalization;

namespace TurnServer.Service;

/// <summary>
/// Within what time systemd expects a sign of life, by the variables that it sets (sd_watchdog_enabled(3)).
/// </summary>
internal static class Watchdog
{
    // Timers of .NET end after 49 days. Nobody waits that long for a server that is stuck.
    private const ulong MicrosecondsMax = 24UL * 60 * 60 * 1_000_000;

    /// <summary>The time; null when none is expected of this process, or the variables make no sense.</summary>
    /// <param name="variable">The value of a variable of the environment, by its name.</param>
    /// <param name="processId">This process: what is expected of another is not expected of it.</param>
    public static TimeSpan? Timeout(Func<string, string?> variable, int processId)
    {
        if (!ulong.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            || time is 0 or ulong.MaxValue)
        {
            return null;
        }

        return variable("WATCHDOG_PID") is { Length: > 0 } process
            && process != processId.ToString(CultureInfo.InvariantCulture)
                ? null
                : TimeSpan.FromMicroseconds(Math.Min(time, MicrosecondsMax));
    }
}
