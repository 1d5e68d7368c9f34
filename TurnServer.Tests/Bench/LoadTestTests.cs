using TurnServer.Bench.Load;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>
/// The load test against a correct server and against servers that break a rule, which it must notice. Run in sequence,
/// as two tests on one server would be paired with each other's players.
/// </summary>
public sealed class LoadTestTests : ServerFixture
{
    private static readonly TimeSpan DurationMax = TimeSpan.FromMinutes(1);

    [TestCase(false, 0, false)]
    [TestCase(true, 0, false)]
    [TestCase(false, 0.1, false)]
    [TestCase(true, 0.1, false)]
    [TestCase(false, 0, true)]
    [TestCase(true, 0.1, true)]
    public async Task Run_AgainstCorrectServer_ReceivesEveryTurnOnceAndInOrder(bool wait, double loss, bool webSocket)
    {
        var (code, text, report) = await RunAsync(Server.Url, wait, loss, webSocket: webSocket);
        Assert.That(code, Is.Zero, text);
        // A symbol without requests is not listed.
        var updates = report.Symbols.SingleOrDefault(symbol => symbol.Symbol == 6)?.Latency.Count ?? 0;
        Assert.Multiple(() =>
        {
            Assert.That(report.TurnsReceived, Is.EqualTo(report.TurnsSent).And.GreaterThan(8));
            Assert.That(report.TurnLatency.Count, Is.EqualTo(report.TurnsReceived));
            // With held replies only a game's last turn is answered at once. With loss an accepted turn may be repeated
            // after the partner has received it and left: error 15.
            var answered = wait ? 2 * report.GamesPlayed : report.TurnsSent;
            Assert.That(updates, loss > 0
                ? Is.InRange(answered - (2 * report.GamesPlayed), answered)
                : Is.EqualTo(answered));
            Assert.That(report.Requests, Is.GreaterThan(0));
            Assert.That(report.GamesPlayed, Is.GreaterThan(1));
            Assert.That(report.RepliesDropped, loss > 0 ? Is.GreaterThan(0) : Is.Zero);
            // A request that is lost on a busy machine counts as an error of its player and of the waiting partner, but
            // is repeated: all turns arrive.
            Assert.That(report.PlayersWithErrors, Is.AtMost(2 * report.RequestsLost), report.FirstError);
            // The kernel counts CPU time in hundredths of a second, so it may be 0.
            Assert.That(report.Server?.ResidentMegabytesPeak, Is.GreaterThan(1));
            Assert.That(report.OwnCpuSeconds, Is.GreaterThan(0));
            Assert.That(report.Seconds.Sum(second => second.Turns), Is.EqualTo(report.TurnsReceived));
            Assert.That(text, Does.Contain("arrived once and in order"));
        });
    }

    [TestCase(false, 0, false)]
    [TestCase(true, 0, false)]
    [TestCase(true, 0.1, false)]
    [TestCase(true, 0.1, true)]
    public async Task Run_OfPlayersWhoCrashAndComeBack_ReceivesEveryTurnOnceAndInOrder(bool wait, double loss,
        bool webSocket)
    {
        var (code, text, report) = await RunAsync(Server.Url, wait, loss, comeBack: 0.4, webSocket: webSocket);
        Assert.That(code, Is.Zero, text);
        Assert.Multiple(() =>
        {
            Assert.That(report.ComeBacks, Is.GreaterThan(0));
            Assert.That(report.TurnsReceived, Is.EqualTo(report.TurnsSent).And.GreaterThan(8));
            Assert.That(report.GamesPlayed, Is.GreaterThan(0));
            Assert.That(report.PlayersWithErrors, Is.AtMost(2 * report.RequestsLost), report.FirstError);
        });
    }

    [Test]
    public async Task Run_ServerDeliversATurnTwice_IsAViolation()
    {
        using var once = new Once();
        await using var relay = TamperingProxy.Before(Server, reply: (_, reply) =>
        {
            if (once.IsDone || TurnsIn(reply) is not [['T', ..] first, .. var others])
                return reply;
            once.SetDone();
            // Not the last turn of a game: seat 0 stops reading after it.
            return Data([first, first, .. others]);
        });
        await AssertViolatedAsync(relay, once, "arrived twice");
    }

    [Test]
    public async Task Run_ServerLosesATurn_IsAViolation()
    {
        var number = "";
        using var once = new Once();
        await using var relay = TamperingProxy.Before(Server, request: body =>
        {
            if (once.IsDone || !body.StartsWith("6,T,", StringComparison.Ordinal))
                return body;
            once.SetDone();
            number = body.Split(',')[3];
            // On a busy machine several turns are sent together: the first is removed.
            var end = body.IndexOf('|', StringComparison.Ordinal);
            return end > 0 ? $"6,{body[(end + 1)..]}" : $"6,,{string.Join(',', body.Split(',')[^3..])}";
        });
        var text = await AssertViolatedAsync(relay, once, "never arrived at player");
        Assert.That(text, Does.Contain($"turn {number} of"));
    }

    [Test]
    public async Task Run_ServerSwapsTwoTurns_IsAViolation()
    {
        using var once = new Once();
        // While an update is delayed, two turns become due and are sent together in the next.
        var delay = TimeSpan.FromMilliseconds(50);
        await using var relay = TamperingProxy.Before(Server, delay: delay, reply: (_, reply) =>
        {
            if (once.IsDone || TurnsIn(reply) is not [['T', ..] first, ['T', ..] second, .. var others])
                return reply;
            once.SetDone();
            return Data([second, first, .. others]);
        });
        await AssertViolatedAsync(relay, once, "arrived out of order");
    }

    [Test]
    public async Task Run_ServerGivesATurnToTheWrongGame_IsAViolation()
    {
        string? stolen = null, victim = null;
        using var once = new Once();
        await using var relay = TamperingProxy.Before(Server, reply: (body, reply) =>
        {
            if (once.IsDone || TurnsIn(reply) is not [['T', ..] first, .. var others])
                return reply;
            var key = body.Split(',')[^3];
            if (stolen is null)
            {
                (stolen, victim) = (first, key);
                return others.Length > 0 ? Data(others) : "0/10/*";
            }

            // Each seat has its own key; the victim must be in another game than the turn's sender.
            if (key == victim || first.Split(',')[1] == stolen.Split(',')[1])
                return reply;
            once.SetDone();
            return Data([stolen, first, .. others]);
        });
        await AssertViolatedAsync(relay, once, "was given to the wrong game", "never arrived");
    }

    [Test]
    public async Task Run_WithPools_PairsWithinThem()
    {
        const int Pools = 2;
        var registrations = new List<(string Pool, bool NamesPartner)>();
        await using var relay = TamperingProxy.Before(Server, request: body =>
        {
            if (body.Split(',') is ["0", _, ['*', '#', .. var pool], var partner, _])
                registrations.Add((pool, partner != "*"));
            return body;
        });
        var (code, text, report) = await RunAsync(relay.Url, false, 0, pools: Pools);
        Assert.That(code, Is.Zero, text);
        Assert.Multiple(() =>
        {
            Assert.That(registrations.Select(each => each.Pool).Distinct().Count(), Is.EqualTo(Pools));
            Assert.That(registrations.Distinct().Count(), Is.EqualTo(2 * Pools), "strangers and named ones in each");
            Assert.That(report.TurnsReceived, Is.EqualTo(report.TurnsSent).And.GreaterThan(8));
            Assert.That(report.WrongPartners, Is.Zero);
            Assert.That(text, Does.Contain(", in 2 pools").And.Match("wrong partners +0\n"));
            Assert.That(text, Does.Contain("once and in order. All partners were of the same pool."));
        });
    }

    [Test]
    public async Task Run_ServerPairsAcrossPools_IsAViolation()
    {
        // The first stranger of each pool waits in a third one.
        var moved = new Dictionary<string, string>();
        var hostsKey = "";
        using var once = new Once();
        await using var relay = TamperingProxy.Before(Server, request: body =>
        {
            // Its player has been told its partner.
            if (hostsKey.Length > 0 && body.StartsWith($"3,*,{hostsKey},", StringComparison.Ordinal))
                once.SetDone();
            if (body.Split(',') is not ["0", var name, ['*', '#', .. var pool], "*", var token])
                return body;
            moved.TryAdd(pool, name);
            return moved[pool] == name ? $"0,{name},*#third,*,{token}" : body;
        }, reply: (body, reply) =>
        {
            if (reply.StartsWith("0/3/", StringComparison.Ordinal) && moved.ContainsValue(reply["0/3/".Length..]))
                hostsKey = body.Split(',')[2];
            return reply;
        });
        var text = await AssertViolatedAsync(relay, once, pools: 2);
        Assert.That(text, Does.Match("VIOLATED: [12] players got wrong partners:\n"
            + "  player . [(]stream .+[)] of pool (0 was paired with .+ of pool 1|1 was paired with .+ of pool 0)\n"));
    }

    [Test]
    public async Task Run_WithoutServer_CannotRun()
    {
        var (code, text, _) = await RunAsync(new Uri($"http://127.0.0.1:{Ports.Next()}/"), false, 0);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(StressExit.CannotRun));
            Assert.That(text, Is.Empty);
        });
    }

    [Test]
    public async Task Run_WithAProcessIdThatDoesNotExist_CannotRun()
    {
        var run = new StressRun(new LoadOptions
        {
            Settings = new LoadSettings(Server.Url, Clients: 2, Rate: 1, TimeSpan.FromSeconds(1), false, Loss: 0),
            ServerProcessId = int.MaxValue,
        }, ramp: null, plot: null, json: null, TextWriter.Null);
        Assert.That(await run.RunAsync(), Is.EqualTo(StressExit.CannotRun));
    }

    private static string[] TurnsIn(string reply) =>
        reply.StartsWith("0/9/", StringComparison.Ordinal) ? reply["0/9/".Length..].Split('|') : [];

    private static string Data(params string[] turns) => "0/9/" + string.Join('|', turns);

    private static Task<string> AssertViolatedAsync(TamperingProxy relay, Once once, params string[] words) =>
        AssertViolatedAsync(relay, once, pools: 0, words);

    private static async Task<string> AssertViolatedAsync(TamperingProxy relay, Once once, int pools,
        params string[] words)
    {
        // A file that cannot be written must not hide the violation.
        var (code, text, _) = await RunAsync(relay.Url, false, 0, DurationMax, pools, once.Done,
            json: "/no/such/folder/json");
        Assert.That(code, Is.EqualTo(StressExit.Violation), text);
        foreach (var word in words)
            Assert.That(text, Does.Contain("VIOLATED").And.Contain(word));
        return text;
    }

    // On a busy machine the time may be over before two games are: then it is repeated for longer.
    private static async Task<(int Code, string Text, LoadReport Report)> RunAsync(Uri url, bool wait, double loss,
        int pools = 0, double comeBack = 0, bool webSocket = false)
    {
        for (var duration = TimeSpan.FromSeconds(0.7); ; duration *= 4)
        {
            var run = await RunAsync(url, wait, loss, duration, pools, CancellationToken.None, comeBack: comeBack,
                webSocket: webSocket);
            if (run.Code != StressExit.Ok || run.Report.GamesPlayed > 1 || duration > DurationMax)
                return run;
        }
    }

    private static async Task<(int Code, string Text, LoadReport Report)> RunAsync(Uri url, bool wait, double loss,
        TimeSpan duration, int pools, CancellationToken end, string? json = null, double comeBack = 0,
        bool webSocket = false)
    {
        var output = new StringWriter();
        var run = new StressRun(new LoadOptions
        {
            Settings = new LoadSettings(url, Clients: 8, Rate: 50, duration, wait, loss, comeBack, pools, webSocket),
            TurnsPerGame = 10,
        }, ramp: null, plot: null, json, output);
        var code = await run.RunAsync(end);
        return (code, output.ToString(), run.Reports is [var report] ? report : null!);
    }

    // Lets a server break a rule once, then ends the test: on a busy machine it takes a while until two turns are sent
    // together.
    private sealed class Once : IDisposable
    {
        private readonly CancellationTokenSource _done = new();

        public bool IsDone { get; private set; }

        public CancellationToken Done => _done.Token;

        public void SetDone()
        {
            IsDone = true;
            // Not on the relay's thread, which holds a lock.
            _done.CancelAfter(TimeSpan.Zero);
        }

        public void Dispose() => _done.Dispose();
    }
}
