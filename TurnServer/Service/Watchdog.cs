using System.Globalization;

namespace TurnServer.Service;

/// <summary>
/// The watchdog timeout of systemd, from the environment variables that it sets (sd_watchdog_enabled(3)).
/// </summary>
internal static class Watchdog
{
    // .NET timers are limited to 49 days; a day is long enough for a watchdog.
    private const ulong MicrosecondsMax = 24UL * 60 * 60 * 1_000_000;

    /// <summary>The timeout; null if there is none for this process, or the variables are invalid.</summary>
    /// <param name="variable">Reads an environment variable.</param>
    /// <param name="processId">This process's id, which WATCHDOG_PID must match if it is set.</param>
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
