using System.Diagnostics;
using TurnServer.Bench.Client;
using TurnServer.Bench.Load.Play;
using TurnServer.Bench.Load.Statistics;
using TurnServer.Bench.Processes;
using TurnServer.Client;

namespace TurnServer.Bench.Load;

/// <summary>Progress of a load test, reported once a second.</summary>
/// <param name="Elapsed">Since the start.</param>
/// <param name="Playing">Players in a game.</param>
/// <param name="WithErrors">Players with an error so far.</param>
/// <param name="Violations">Violations so far, as in <see cref="LoadReport"/>.</param>
/// <param name="Second">The last second.</param>
internal readonly record struct LoadProgress(TimeSpan Elapsed, int Playing, int WithErrors, long Violations,
    LoadSecond Second);

/// <summary>Simulates players and reports the results.</summary>
internal sealed class LoadTest
{
    // Starting all players at once would test the listen backlog.
    private const double StartsPerSecondMax = 1000;

    // At most this share of the duration.
    private const double StartingShare = 0.1;

    private readonly LoadOptions _options;
    private readonly TurnLedger _ledger;
    private readonly LoadRecorder _recorder = new();
    private readonly Servers _servers;
    private readonly Random _random;

    private LoadTest(LoadOptions options, Servers servers)
    {
        _options = options;
        _servers = servers;
        _random = new Random(options.Seed);
        // Names differ between tests on the same server.
        _ledger = new TurnLedger($"load-{Random.Shared.Next(0x1000000):x6}-");
    }

    /// <summary>Runs a test to its end, for a measurement that is worth nothing if it finds a fault.</summary>
    /// <exception cref="BenchException">The test cannot be run, or there was a violation.</exception>
    public static async Task<LoadReport> RunCheckedAsync(LoadOptions options)
    {
        var report = await RunAsync(options, _ => { }, CancellationToken.None);
        return report.ViolationCount == 0
            ? report
            : throw new BenchException($"turns did not arrive once and in order: {report.Violations[0]}");
    }

    /// <summary>Runs a test.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Called once a second.</param>
    /// <param name="stop">Ends the test early: games are still played to their end.</param>
    /// <exception cref="BenchException">The test cannot be run.</exception>
    public static async Task<LoadReport> RunAsync(LoadOptions options, Action<LoadProgress> progress,
        CancellationToken stop)
    {
        using var http = new HttpMessageInvoker(new PooledHandler());
        var probe = new ServerProbe(http, options.Settings.Url);
        await probe.CheckAsync(stop);
        Uri[] urls = [options.Settings.Url, .. options.OtherUrls];
        using var servers = options.Settings.WebSocket
            ? new Servers([.. urls.Select(ServerUrl.ToWebSocket)], () => new SocketsHttpHandler { UseProxy = false })
            : new Servers(urls, () => new PooledHandler());
        return await new LoadTest(options, servers).RunAsync(probe, FindServer(options), progress, stop);
    }

    private static ServerProcess? FindServer(LoadOptions options)
    {
        if (options.ServerProcessId is not { } id)
            return ServerProcess.Find(options.Settings.Url);
        var server = new ServerProcess(id);
        return server.Usage is null
            ? throw new BenchException($"process {id} does not exist, or this user may not inspect it")
            : server;
    }

    private async Task<LoadReport> RunAsync(ServerProbe probe, ServerProcess? server, Action<LoadProgress> progress,
        CancellationToken stop)
    {
        var startedAt = DateTimeOffset.Now;
        var watch = Stopwatch.StartNew();
        var ownCpu = Environment.CpuUsage.TotalTime;
        var before = server?.Usage;

        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var aborting = new CancellationTokenSource();
        using var observing = new CancellationTokenSource();
        var players = CreatePlayers(stopping.Token, aborting.Token);
        var sampler = new Sampler(_recorder, server, (second, elapsed) => progress(new LoadProgress(elapsed,
            players.Count(player => player.IsPlaying), players.Count(player => player.FirstError is not null),
            _ledger.ViolationCount, second)));
        var sampling = sampler.RunAsync(observing.Token);
        var probing = probe.SampleAsync(observing.Token);
        try
        {
            await PlayAsync(players, stopping, aborting);
        }
        finally
        {
            await observing.CancelAsync();
            await Task.WhenAll(sampling, probing);
        }

        _ledger.CloseAll();
        return Summarize(players, sampler, probe, new Cost(startedAt, watch.Elapsed,
            (Environment.CpuUsage.TotalTime - ownCpu).TotalSeconds, Usage(server, before, sampler.Seconds)));
    }

    private LoadReport Summarize(LoadPlayer[] players, Sampler sampler, ServerProbe probe, Cost cost)
    {
        var kinds = _recorder.CopyKinds();
        return new LoadReport
        {
            Settings = _options.Settings,
            StartedAt = cost.StartedAt,
            Elapsed = cost.Elapsed,
            Requests = _recorder.Requests,
            TurnsSent = _recorder.TurnsSent,
            TurnsReceived = _recorder.TurnsReceived,
            GamesPlayed = _recorder.SeatsPlayed / 2,
            RepliesDropped = kinds[ReplyKinds.Dropped],
            ComeBacks = _recorder.ComeBacks,
            RequestsLost = kinds[ReplyKinds.Lost],
            PlayersWithErrors = players.Count(player => player.FirstError is not null),
            FirstError = players.Select(player => player.FirstError).FirstOrDefault(error => error is not null),
            Violations = _ledger.Violations,
            ViolationCount = _ledger.ViolationCount,
            WrongPartners = _ledger.WrongPartners,
            PairingsChecked = _ledger.PairingsChecked,
            TurnLatency = _recorder.Turns.Summarize(),
            Symbols = _recorder.SummarizeSymbols(),
            Codes = ReplyKinds.Count(kinds, _options.Settings.Loss > 0),
            ServerCompute = probe.SummarizeCompute(),
            Server = cost.Server,
            OwnCpuSeconds = cost.OwnCpuSeconds,
            Seconds = sampler.Seconds,
        };
    }

    private async Task PlayAsync(LoadPlayer[] players, CancellationTokenSource stopping,
        CancellationTokenSource aborting)
    {
        var settings = _options.Settings;
        var interval = (long)(Stopwatch.Frequency / settings.Rate);
        using var pacer = new Pacer(new Schedule(players.Length, interval, Stopwatch.GetTimestamp(), _random),
            (player, dueAt) => players[player].OnDue(dueAt));
        var starting = Math.Min(players.Length / StartsPerSecondMax, settings.Duration.TotalSeconds * StartingShare);
        var playing = Task.WhenAll(players.Select((player, i) =>
            RunAsync(player, TimeSpan.FromSeconds(starting * i / players.Length))));

        await Task.WhenAny(playing, pacer.Ended, Task.Delay(settings.Duration, stopping.Token));
        await stopping.CancelAsync();
        // The last turn of each game is due within an interval.
        var grace = _options.Grace + TimeSpan.FromSeconds(2 / settings.Rate);
        await Task.WhenAny(playing, pacer.Ended, Task.Delay(grace));
        await aborting.CancelAsync();
        await playing;

        async Task RunAsync(LoadPlayer player, TimeSpan startsAfter)
        {
            try
            {
                await player.RunAsync(startsAfter);
            }
            catch
            {
                // A bug in one player ends the test now, not when the time is over.
                await stopping.CancelAsync();
                throw;
            }
        }
    }

    // In every second pair of each pool the players name each other; the others accept any partner.
    private LoadPlayer[] CreatePlayers(CancellationToken stopping, CancellationToken aborting)
    {
        var players = new LoadPlayer[_options.Settings.Clients];
        var pools = _options.Settings.Pools;
        var client = ClientOptions();
        NamedPair? pair = null;
        for (var i = 0; i < players.Length; i++)
        {
            var (round, place) = Math.DivRem(i / 2, Math.Max(pools, 1));
            if (i % 2 == 0)
                pair = (round + place) % 2 == 0 && i + 1 < players.Length ? new NamedPair(_ledger) : null;
            var http = _servers.ClientOf(i);
            var context = new PlayContext(http, CreateTransport(http, i, client), _options, client, _ledger, _recorder,
                stopping, aborting);
            players[i] = new LoadPlayer(i, context, pair, pools > 0 ? place : null);
        }

        return players;
    }

    // Each player has its own, as a phone does.
    private IRequestTransport CreateTransport(HttpMessageInvoker http, int player, TurnClientOptions client)
    {
        var settings = _options.Settings;
        var url = settings.WebSocket ? ServerUrl.ToWebSocket(settings.Url) : settings.Url;
        var transport = TurnClient.CreateTransport(http, url, client);
        return settings.Loss > 0
            ? new LossyTransport(transport, settings.Loss, HashCode.Combine(_options.Seed, player))
            : transport;
    }

    // Without held replies turns arrive with the replies to the player's own updates. A player that has no more turns
    // polls slightly after its next turn would have been due, so never together with an update.
    private TurnClientOptions ClientOptions() => new()
    {
        Wait = _options.Settings.Wait ? _options.HeldMax : TimeSpan.Zero,
        ReplyTimeout = _options.ReplyTimeout,
        SavesEachTurn = _options.Settings.ComeBack > 0,
        PollInterval = TimeSpan.FromSeconds(Math.Clamp(1.5 / _options.Settings.Rate, 0.02, 5)),
    };

    private ServerUsage? Usage(ServerProcess? server, ProcessUsage? before, IReadOnlyList<LoadSecond> seconds)
    {
        if (server is null || before is not { } start || server.Usage is not { } end)
            return null;
        var used = end.CpuSeconds - start.CpuSeconds;
        // The kernel keeps the peak since the process started; if that was before this test, use the highest sample.
        var peak = end.PeakMegabytes > start.PeakMegabytes
            ? end.PeakMegabytes
            : seconds.Select(second => second.ServerResidentMegabytes ?? 0)
                .Append(start.ResidentMegabytes).Append(end.ResidentMegabytes).Max();
        return new ServerUsage(server.Id, used, used * 1e6 / Math.Max(_recorder.Requests, 1), start.ResidentMegabytes,
            end.ResidentMegabytes, peak);
    }

    private readonly record struct Cost(DateTimeOffset StartedAt, TimeSpan Elapsed, double OwnCpuSeconds,
        ServerUsage? Server);
}
