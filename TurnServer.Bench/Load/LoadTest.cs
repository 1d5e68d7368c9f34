using System.Diagnostics;
using TurnServer.Bench.Load.Http;
using TurnServer.Bench.Load.Play;
using TurnServer.Bench.Load.Statistics;
using TurnServer.Bench.Processes;
using TurnServer.Client;

namespace TurnServer.Bench.Load;

/// <summary>What a load test is up to, once a second.</summary>
/// <param name="Elapsed">Since it started.</param>
/// <param name="Playing">Players in a game.</param>
/// <param name="WithErrors">Players that met an error so far.</param>
/// <param name="Violations">Turns so far that did not arrive once and in order.</param>
/// <param name="Second">What the last second was like.</param>
internal readonly record struct LoadProgress(TimeSpan Elapsed, int Playing, int WithErrors, long Violations,
    LoadSecond Second);

/// <summary>Simulates the players, and reports what they met.</summary>
internal sealed class LoadTest
{
    // All at once would be a test of the backlog of connections.
    private const double StartsPerSecondMax = 1000;
    private const double StartingShare = 0.1;

    private readonly LoadOptions _options;
    private readonly TurnLedger _ledger;
    private readonly LoadRecorder _recorder = new();
    private readonly HttpMessageInvoker _http;
    private readonly Random _random;

    private LoadTest(LoadOptions options, HttpMessageInvoker http)
    {
        _options = options;
        _http = http;
        _random = new Random(options.Seed);
        // Another test on the same server, or this one again, has other names.
        _ledger = new TurnLedger($"load-{Random.Shared.Next(0x1000000):x6}-");
    }

    /// <summary>Runs a test.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told once a second.</param>
    /// <param name="stop">Ends it early, in order.</param>
    /// <exception cref="BenchException">It cannot be run.</exception>
    public static async Task<LoadReport> RunAsync(LoadOptions options, Action<LoadProgress> progress,
        CancellationToken stop)
    {
        using var http = LoadHttp.Create(options);
        var questions = new ServerQuestions(http, options.Settings.Url);
        if (await questions.CheckAsync(stop) is { } wrong)
            throw new BenchException(wrong);
        using var players = LoadHttp.CreateLossy(options);
        return await new LoadTest(options, players).RunAsync(questions, progress, stop);
    }

    private async Task<LoadReport> RunAsync(ServerQuestions questions, Action<LoadProgress> progress,
        CancellationToken stop)
    {
        var startedAt = DateTimeOffset.Now;
        var watch = Stopwatch.StartNew();
        var ownCpu = Environment.CpuUsage.TotalTime;
        var server = ServerProcess.Find(_options.Settings.Url);
        var before = server?.Sample();

        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var aborting = new CancellationTokenSource();
        using var observing = new CancellationTokenSource();
        var players = CreatePlayers(new PlayContext(_http, _options, ClientOptions(), _ledger, _recorder,
            stopping.Token, aborting.Token));
        var sampler = new Sampler(_recorder, server, (second, elapsed) => progress(new LoadProgress(elapsed,
            players.Count(player => player.IsPlaying), players.Count(player => player.FirstError is not null),
            _ledger.ViolationCount, second)));
        var sampling = sampler.RunAsync(observing.Token);
        var probing = questions.ProbeAsync(observing.Token);
        try
        {
            await PlayAsync(players, stopping, aborting);
        }
        finally
        {
            await observing.CancelAsync();
            await Task.WhenAll(sampling, probing);
        }

        _ledger.SettleAll();
        return Summarize(players, sampler, questions, new Cost(startedAt, watch.Elapsed,
            (Environment.CpuUsage.TotalTime - ownCpu).TotalSeconds, Usage(server, before, sampler.Seconds)));
    }

    private LoadReport Summarize(LoadPlayer[] players, Sampler sampler, ServerQuestions questions, Cost cost)
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
            RepliesDropped = kinds[ReplyNames.Dropped],
            RequestsLost = kinds[ReplyNames.Lost],
            PlayersWithErrors = players.Count(player => player.FirstError is not null),
            FirstError = players.Select(player => player.FirstError).FirstOrDefault(error => error is not null),
            Violations = _ledger.Sentences,
            ViolationCount = _ledger.ViolationCount,
            TurnLatency = _recorder.Turns.Summarize(),
            Symbols = _recorder.SummarizeSymbols(),
            Codes = ReplyNames.Count(kinds, _options.Settings.Loss > 0),
            ServerCompute = questions.SummarizeCompute(),
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
            (player, dueAt) => players[player].Due(dueAt));
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
                // A bug of one ends it for all, rather than come out when the time is over.
                await stopping.CancelAsync();
                throw;
            }
        }
    }

    // Of each two pairs one names each other, the other takes whoever comes.
    private LoadPlayer[] CreatePlayers(PlayContext context)
    {
        var players = new LoadPlayer[_options.Settings.Clients];
        Couple? couple = null;
        for (var i = 0; i < players.Length; i++)
        {
            if (i % 2 == 0)
                couple = i % 4 == 0 && i + 1 < players.Length ? new Couple(_ledger) : null;
            players[i] = new LoadPlayer(i, context, couple);
        }

        return players;
    }

    // Without held replies turns come with the replies to the player's own updates. Who has none left to send asks when
    // the next would have been due, and somewhat later, so that nobody asks beside its updates.
    private TurnClientOptions ClientOptions() => new()
    {
        Wait = _options.Settings.Wait ? TimeSpan.FromSeconds(20) : TimeSpan.Zero,
        PollInterval = TimeSpan.FromSeconds(Math.Clamp(1.5 / _options.Settings.Rate, 0.02, 5)),
    };

    private ServerUsage? Usage(ServerProcess? server, ProcessUsage? before, IReadOnlyList<LoadSecond> seconds)
    {
        if (server is null || before is not { } start || server.Sample() is not { } end)
            return null;
        var used = end.CpuSeconds - start.CpuSeconds;
        // The kernel's peak is the process's own; when that was before this test, the most that was seen has to do.
        var peak = end.PeakMegabytes > start.PeakMegabytes
            ? end.PeakMegabytes
            : seconds.Select(second => second.ServerResidentMegabytes ?? 0)
                .Append(start.ResidentMegabytes).Append(end.ResidentMegabytes).Max();
        return new ServerUsage(server.Id, used, used * 1e6 / Math.Max(_recorder.Requests, 1), start.ResidentMegabytes,
            end.ResidentMegabytes, peak);
    }

    // What the test took, of time and of both programs.
    private readonly record struct Cost(DateTimeOffset StartedAt, TimeSpan Elapsed, double OwnCpuSeconds,
        ServerUsage? Server);
}
