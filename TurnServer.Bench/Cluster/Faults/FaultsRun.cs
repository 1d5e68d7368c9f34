using System.Diagnostics;
using TurnServer.Bench.Load;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>Plays games on a cluster while one fault after the other is injected into it.</summary>
internal sealed class FaultsRun : IDisposable
{
    private static readonly TimeSpan RecoveryTimeout = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(0.7);
    private static readonly TimeSpan FlowingWithin = TimeSpan.FromSeconds(0.5);

    // Of each of both tests; there are pairs that name each other and strangers in each.
    private const int Pools = 3;

    // The time for which the servers hold replies is short, so that an address that has fallen silent is given up soon.
    private static readonly TimeSpan HeldMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReplyTimeout = TimeSpan.FromSeconds(3);

    // Turns that were due just before a fault have not got through yet: they suffer from that one.
    private static readonly long Late = (long)(Settling.TotalSeconds * Stopwatch.Frequency);

    // Of one run that is stuck.
    private static readonly TimeSpan DurationMax = TimeSpan.FromHours(2);

    private readonly FaultsOptions _options;
    private readonly TextWriter _progress;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("turnserver-faults-");
    private readonly Networks? _networks;
    private readonly TestedCluster _cluster;
    private readonly FaultInjector _injector;
    private readonly PauseMeter _meter = new();
    private readonly List<(Fault Fault, long From, long To)> _injected = [];
    private readonly List<string> _problems = [];
    private readonly IReadOnlyList<Fault> _plan;
    private Balancer? _balancer;

    private FaultsRun(FaultsOptions options, TextWriter progress)
    {
        _options = options;
        _progress = progress;
        var random = new Random(options.Seed);
        _plan = Fault.Draw(options.Faults, random, options.HasNetworks, options.Only);
        _networks = options.HasNetworks ? Networks.Create(options.Shape.Machines, options.Port) : null;
        _cluster = new TestedCluster(_networks?.Sites
            ?? Site.OnLoopback(options.Shape.Machines, options.Port), _folder.FullName, options.Server,
            options.Shape);
        _injector = new FaultInjector(_cluster, _networks, random);
    }

    /// <summary>Runs, and cleans up.</summary>
    /// <param name="options">What to try.</param>
    /// <param name="progress">Is told of each fault.</param>
    /// <param name="stop">Ends the run early: games are still played to their end, and checked.</param>
    /// <exception cref="BenchException">The cluster does not start.</exception>
    public static async Task<FaultsReport> RunAsync(FaultsOptions options, TextWriter progress, CancellationToken stop)
    {
        using var run = new FaultsRun(options, progress);
        return await run.RunAsync(stop);
    }

    public void Dispose()
    {
        if (_options.Logs is { } logs)
            WriteLogs(logs);
        _balancer?.Dispose();
        _cluster.Dispose();
        _networks?.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<FaultsReport> RunAsync(CancellationToken stop)
    {
        await _cluster.StartAsync(RecoveryTimeout, stop);
        if (_options.ThroughBalancer)
        {
            _balancer = Balancer.Start(_cluster.Servers.Select(machine => machine.Site),
                _options.Port + FaultsOptions.PortsUsed - 1, _folder.FullName);
            await Task.Delay(Settling, stop);
        }

        using var over = new CancellationTokenSource();
        var held = PlayAsync(holdsReplies: true, over.Token);
        var polled = PlayAsync(holdsReplies: false, over.Token);
        try
        {
            await InjectAllAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await _progress.WriteLineAsync("stopped; ending the games");
        }
        catch (BenchException e)
        {
            _problems.Add(e.Message);
        }

        await over.CancelAsync();
        return Summarize(await Task.WhenAll(held, polled));
    }

    private Task<LoadReport> PlayAsync(bool holdsReplies, CancellationToken over)
    {
        IReadOnlyList<Uri> urls = _balancer is { } balancer ? [balancer.Url] : _cluster.Urls;
        return Task.Run(() => LoadTest.RunAsync(new LoadOptions
        {
            // Those of one test, so that both tests do not meet.
            Settings = new LoadSettings(urls[0], _options.Games, _options.Rate, DurationMax, holdsReplies, Loss: 0,
                Pools: Pools),
            OtherUrls = [.. urls.Skip(1)],
            Seed = _options.Seed,
            HeldMax = HeldMax,
            ReplyTimeout = ReplyTimeout,
            Observer = _meter.Observer(holdsReplies ? 1 : 2),
        }, _ => { }, over), CancellationToken.None);
    }

    private async Task InjectAllAsync(CancellationToken stop)
    {
        await FlowingAsync(stop);
        await Task.Delay(Settling * 2, stop);
        foreach (var fault in _plan)
        {
            var from = Stopwatch.GetTimestamp();
            var at = DateTime.UtcNow;
            var hit = await _injector.InjectAsync(fault, stop);
            try
            {
                await _cluster.HealthyAsync(RecoveryTimeout, stop);
                await FlowingAsync(stop);
            }
            catch (BenchException e)
            {
                throw new BenchException($"{at:HH:mm:ss} after {fault.Name} ({hit}): {e.Message}");
            }

            await Task.Delay(Settling, stop);
            var to = Stopwatch.GetTimestamp();
            _injected.Add((fault, from, to));
            await _progress.WriteLineAsync($"{at:HH:mm:ss.f} {fault.Name} ({hit}): no turn for "
                + $"{_meter.LongestGap(from, to).TotalSeconds:0.00} s, slowest turn "
                + $"{_meter.LongestByStream(from - Late, to - Late).Max().TotalSeconds:0.00} s; "
                + $"took {Stopwatch.GetElapsedTime(from, to).TotalSeconds:0.0} s");
        }
    }

    // Until each game goes on: with shards, one may stand still for longer than the others.
    private Task FlowingAsync(CancellationToken stop)
    {
        var countStill = _meter.CountStill();
        return TestedCluster.WaitAsync(() => Task.FromResult(_meter.Silence < FlowingWithin && countStill() == 0),
            "each game", RecoveryTimeout, stop);
    }

    private FaultsReport Summarize(LoadReport[] reports)
    {
        List<string> violations = [.. reports.SelectMany(report => report.Violations)];
        var wrongPartners = reports.Sum(report => report.WrongPartners);
        var lost = violations.Count(text => text.Contains("never arrived", StringComparison.Ordinal));
        var doubled = violations.Count(text => text.Contains("arrived twice", StringComparison.Ordinal));
        return new FaultsReport
        {
            Faults =
            [
                .. _injected.Select(injected => new FaultResult(injected.Fault,
                    _meter.LongestGap(injected.From, injected.To),
                    _meter.LongestByStream(injected.From - Late, injected.To - Late))),
            ],
            Turns = reports.Sum(report => report.TurnsReceived),
            Pairings = reports.Sum(report => report.PairingsChecked),
            WrongPartners = wrongPartners,
            Lost = lost,
            Doubled = doubled,
            OtherViolations = reports.Sum(report => report.ViolationCount) - lost - doubled - wrongPartners,
            // As the players see it: the servers' counters also count registrations that a client has given up, whose
            // deadlines every takeover extends.
            Dropped = _meter.Faults.Count,
            ProbedOwners = _injector.ProbedOwners,
            ProbedGames = _injector.ProbedGames,
            Problems = [.. _problems, .. _injector.WrongAnswers, .. _meter.Faults, .. violations],
        };
    }

    private void WriteLogs(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var machine in _cluster.Machines)
        {
            var name = machine.Site.LinkAddress.Replace(':', '-');
            File.WriteAllText(Path.Combine(folder, $"{name}.log"), machine.Log);
            File.WriteAllText(Path.Combine(folder, $"{name}-etcd.log"), machine.EtcdLog);
        }
    }
}
