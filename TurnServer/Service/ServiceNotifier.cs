using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;

namespace TurnServer.Service;

/// <summary>
/// Notifies systemd (sd_notify(3)) that the server is ready, alive or stopping, with a status line. Ready and alive
/// require an answer from the actor's loop, so that systemd restarts a server that is stuck.
/// </summary>
/// <param name="manager">The notification socket; if it is disabled, nothing is sent.</param>
/// <param name="watchdogTimeout">systemd restarts the server after this long without a ping; null: no watchdog.</param>
/// <param name="table">Who has the table, and is probed.</param>
/// <param name="countRequests">Returns the number of requests since the start.</param>
/// <param name="clock">The clock.</param>
/// <param name="log">For the first failure to notify.</param>
internal sealed class ServiceNotifier(ISystemdNotifier manager, TimeSpan? watchdogTimeout, ITableQueries table,
    Func<long> countRequests, TimeProvider clock, ILogger log)
{
    /// <summary>The interval without a watchdog, and with one the longest.</summary>
    public static readonly TimeSpan IntervalMax = TimeSpan.FromSeconds(5);

    // The shortest period of a timer.
    private static readonly TimeSpan IntervalMin = TimeSpan.FromMilliseconds(1);

    private readonly ActorProbe _probe = new(table.GetStatisticsAsync, clock);
    private long _reportedAt = clock.GetTimestamp();
    private long _reportedRequests = countRequests();
    private bool _hasFailed;

    /// <summary>How often it notifies. At most a third of the watchdog's timeout, so that a ping may be late.</summary>
    public TimeSpan Interval { get; } = TimeSpan.FromTicks(
        Math.Clamp((watchdogTimeout / 3 ?? IntervalMax).Ticks, IntervalMin.Ticks, IntervalMax.Ticks));

    /// <summary>What this server is in its cluster, for the status line; null: there is none.</summary>
    public Func<string>? DescribeRole { get; init; }

    /// <summary>Completes with the next change of that, which is reported at once; null: none does.</summary>
    public Func<Task>? RoleChanged { get; init; }

    /// <summary>Notifies until the server stops. Called once the server listens.</summary>
    /// <param name="stop">Cancelled when the server is asked to stop.</param>
    public async Task RunAsync(CancellationToken stop)
    {
        if (!manager.IsEnabled)
        {
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        // Notify blocks if the socket is full; then only this loop waits.
        await Task.Yield();
        try
        {
            await ReportAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server is stopping.
        }

        TryNotify("STOPPING=1\nSTATUS=stopping: draining requests");
    }

    private async Task ReportAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var tick = timer.WaitForNextTickAsync(stop).AsTask();
        var isReady = false;
        while (true)
        {
            // Before the report: the next one has what changes meanwhile.
            var roleChanged = RoleChanged?.Invoke();
            var statistics = await _probe.GetStatisticsAsync(stop);
            var isAlive = statistics is not null;
            var report = $"STATUS={Describe(statistics)}";
            if (isAlive && !isReady)
                report += "\nREADY=1";
            if (isAlive && watchdogTimeout is not null)
                report += "\nWATCHDOG=1";
            isReady |= TryNotify(report) && isAlive;
            if (roleChanged is null || await Task.WhenAny(tick, roleChanged) == tick)
            {
                await tick;
                tick = timer.WaitForNextTickAsync(stop).AsTask();
            }
        }
    }

    // A full disk shows in the status but does not stop the pings: a restart would not free it.
    private string Describe(ActorStatistics? statistics)
    {
        var (now, requests) = (clock.GetTimestamp(), countRequests());
        var seconds = clock.GetElapsedTime(_reportedAt, now).TotalSeconds;
        var rate = seconds > 0 ? (requests - _reportedRequests) / seconds : 0;
        (_reportedAt, _reportedRequests) = (now, requests);
        var traffic = rate.ToString(rate < 10 ? "0.#" : "0", CultureInfo.InvariantCulture) + " requests/s";
        if (ActorProbe.ProblemOf(statistics) is { } problem)
            traffic = $"{problem}, {traffic}";
        var role = DescribeRole is null ? "" : $"{DescribeRole()}, ";
        return statistics?.Table is { } table
            ? $"{role}{Count(table.Players, "registered player")}, {Count(table.Games, "game")}, {traffic}"
            : role + traffic;

        static string Count(int count, string noun) =>
            string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
    }

    // A failure does not stop the server: games continue, and systemd applies its own timeouts.
    private bool TryNotify(string state)
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
