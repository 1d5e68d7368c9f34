using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;

namespace TurnServer.Service;

/// <summary>
/// Tells systemd how the server is: ready, alive, stopping, and a line of figures (sd_notify(3)). It calls it ready or
/// alive only when the actor's own loop has just answered, so that a server which is stuck is started anew.
/// </summary>
/// <param name="manager">Where it says so; disabled where no service manager listens, and nothing is done then.</param>
/// <param name="watchdogTimeout">Within what time a sign of life is expected; null: never.</param>
/// <param name="actor">Who must answer.</param>
/// <param name="countRequests">How many requests have been taken since the start.</param>
/// <param name="clock">The time.</param>
/// <param name="log">Where it is said that nobody could be told.</param>
internal sealed class ServiceNotifier(ISystemdNotifier manager, TimeSpan? watchdogTimeout, TurnActor actor,
    Func<long> countRequests, TimeProvider clock, ILogger log)
{
    /// <summary>How often it speaks, unless the watchdog wants to hear more often.</summary>
    public static readonly TimeSpan IntervalMax = TimeSpan.FromSeconds(5);

    // Below this a timer cannot be set.
    private static readonly TimeSpan IntervalMin = TimeSpan.FromMilliseconds(1);

    private readonly ActorProbe _probe = new(actor.CountAsync, clock);
    private long _reportedAt = clock.GetTimestamp();
    private long _reportedRequests = countRequests();
    private bool _hasFailed;

    /// <summary>How often it speaks. A third of the watchdog's time at most: a sign may be late without harm.</summary>
    public TimeSpan Interval { get; } = TimeSpan.FromTicks(
        Math.Clamp((watchdogTimeout / 3 ?? IntervalMax).Ticks, IntervalMin.Ticks, IntervalMax.Ticks));

    /// <summary>Says it all, from ready to stopping. To be called when the server listens.</summary>
    /// <param name="stop">Cancelled when the server is asked to stop.</param>
    public async Task RunAsync(CancellationToken stop)
    {
        if (!manager.IsEnabled)
        {
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        // To say something may block, if systemd does not listen: this loop alone then.
        await Task.Yield();
        try
        {
            await ReportAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What it is for.
        }

        TrySay("STOPPING=1\nSTATUS=stopping: answers what is under way");
    }

    private async Task ReportAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var isReady = false;
        do
        {
            var figures = await _probe.CountAsync(stop);
            var isAlive = figures is not null;
            var report = $"STATUS={Describe(figures)}";
            if (isAlive && !isReady)
                report += "\nREADY=1";
            if (isAlive && watchdogTimeout is not null)
                report += "\nWATCHDOG=1";
            isReady |= TrySay(report) && isAlive;
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    // A full disk is said and no reason to withhold a sign of life: starting anew does not mend it.
    private string Describe(ActorStatistics? figures)
    {
        var (now, requests) = (clock.GetTimestamp(), countRequests());
        var seconds = clock.GetElapsedTime(_reportedAt, now).TotalSeconds;
        var rate = seconds > 0 ? (requests - _reportedRequests) / seconds : 0;
        (_reportedAt, _reportedRequests) = (now, requests);
        var traffic = rate.ToString(rate < 10 ? "0.#" : "0", CultureInfo.InvariantCulture) + " requests/s";
        if (ActorProbe.ProblemOf(figures) is { } trouble)
            traffic = $"{trouble}, {traffic}";
        return figures?.Table is { } table
            ? $"{Count(table.Players, "registered player")}, {Count(table.Games, "game")}, {traffic}"
            : traffic;

        static string Count(int count, string noun) =>
            string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
    }

    // That it cannot be told is no reason to end: players go on, and systemd acts as it was set up to.
    private bool TrySay(string state)
    {
        try
        {
            manager.Notify(new ServiceState(state));
            return true;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            if (!_hasFailed)
                Log.NotifyFailed(log, e.Message);
            _hasFailed = true;
            return false;
        }
    }
}
