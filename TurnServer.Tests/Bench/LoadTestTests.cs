using TurnServer.Bench.Load;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>
/// The load test against a server, and against servers that break a rule: it must notice. One after the other, as two
/// tests on one server would be given each other's players.
/// </summary>
[Category("Process")]
public sealed class LoadTestTests
{
    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(1);

    private ServerChild _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await ServerChild.StartAsync();

    [OneTimeTearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [TestCase(false, 0)]
    [TestCase(true, 0)]
    [TestCase(false, 0.1)]
    [TestCase(true, 0.1)]
    public async Task Run_AgainstAServer_FindsEveryTurnOnceAndInOrder(bool wait, double loss)
    {
        var (code, text, report) = await RunAsync(_server.Url, wait, loss);
        Assert.That(code, Is.Zero, text);
        // Not listed when there was none.
        var updates = report.Symbols.SingleOrDefault(symbol => symbol.Symbol == 6)?.Latency.Count ?? 0;
        Assert.Multiple(() =>
        {
            Assert.That(report.TurnsReceived, Is.EqualTo(report.TurnsSent).And.GreaterThan(8));
            Assert.That(report.TurnLatency.Count, Is.EqualTo(report.TurnsReceived));
            // With held replies only a game's last turn is answered at once. One that was taken may be repeated for a
            // lost reply when the partner has it and has left: 15.
            var answered = wait ? 2 * report.GamesPlayed : report.TurnsSent;
            Assert.That(updates, loss > 0
                ? Is.InRange(answered - (2 * report.GamesPlayed), answered)
                : Is.EqualTo(answered));
            Assert.That(report.Requests, Is.GreaterThan(0));
            Assert.That(report.GamesPlayed, Is.GreaterThan(1));
            Assert.That(report.RepliesDropped, loss > 0 ? Is.GreaterThan(0) : Is.Zero);
            // A request that is lost on a busy machine is an error of its player's and of who waits for that one, but
            // it is repeated: all turns arrive.
            Assert.That(report.PlayersWithErrors, Is.AtMost(2 * report.RequestsLost), report.FirstError);
            // The kernel counts CPU in hundredths of a second: it may have used none.
            Assert.That(report.Server?.ResidentMegabytesPeak, Is.GreaterThan(1));
            Assert.That(report.OwnCpuSeconds, Is.GreaterThan(0));
            Assert.That(report.Seconds.Sum(second => second.Turns), Is.EqualTo(report.TurnsReceived));
            Assert.That(text, Does.Contain("arrived once and in order"));
        });
    }

    [Test]
    public async Task Run_AgainstAServerThatDeliversATurnTwice_IsAViolation()
    {
        using var once = new Once();
        await using var relay = TamperingProxy.Before(_server, reply: (_, reply) =>
        {
            if (once.IsDone || TurnsIn(reply) is not [['T', ..] first, .. var others])
                return reply;
            once.Do();
            // Not at the end: behind a game's last turn seat 0 reads no more.
            return Data([first, first, .. others]);
        });
        await AssertViolatedAsync(relay, once, "arrived twice");
    }

    [Test]
    public async Task Run_AgainstAServerThatSwallowsATurn_IsAViolation()
    {
        var number = "";
        using var once = new Once();
        await using var relay = TamperingProxy.Before(_server, request: body =>
        {
            if (once.IsDone || !body.StartsWith("6,T,", StringComparison.Ordinal))
                return body;
            once.Do();
            number = body.Split(',')[3];
            // On a busy machine several go together: the first is swallowed.
            var end = body.IndexOf('|', StringComparison.Ordinal);
            return end > 0 ? $"6,{body[(end + 1)..]}" : $"6,,{string.Join(',', body.Split(',')[^3..])}";
        });
        var text = await AssertViolatedAsync(relay, once, "never arrived at player");
        Assert.That(text, Does.Contain($"turn {number} of"));
    }

    [Test]
    public async Task Run_AgainstAServerThatSwapsTwoTurns_IsAViolation()
    {
        using var once = new Once();
        // While one update is kept, two turns become due: they go together in the next.
        var delay = TimeSpan.FromMilliseconds(50);
        await using var relay = TamperingProxy.Before(_server, delay: delay, reply: (_, reply) =>
        {
            if (once.IsDone || TurnsIn(reply) is not [['T', ..] first, ['T', ..] second, .. var others])
                return reply;
            once.Do();
            return Data([second, first, .. others]);
        });
        await AssertViolatedAsync(relay, once, "arrived out of order");
    }

    [Test]
    public async Task Run_AgainstAServerThatGivesATurnToTheWrongGame_IsAViolation()
    {
        string? stolen = null, victim = null;
        using var once = new Once();
        await using var relay = TamperingProxy.Before(_server, reply: (body, reply) =>
        {
            if (once.IsDone || TurnsIn(reply) is not [['T', ..] first, .. var others])
                return reply;
            var key = body.Split(',')[^3];
            if (stolen is null)
            {
                (stolen, victim) = (first, key);
                return others.Length > 0 ? Data(others) : "0/10/*";
            }

            // Each seat has a key of its own; the turn's own sender is not in the victim's game alone.
            if (key == victim || first.Split(',')[1] == stolen.Split(',')[1])
                return reply;
            once.Do();
            return Data([stolen, first, .. others]);
        });
        await AssertViolatedAsync(relay, once, "was given to the wrong game", "never arrived");
    }

    [Test]
    public async Task Run_WhereNothingListens_CannotRun()
    {
        var (code, text, _) = await RunAsync(new Uri($"http://127.0.0.1:{Ports.Next()}/"), false, 0);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(StressExit.CannotRun));
            Assert.That(text, Is.Empty);
        });
    }

    private static string[] TurnsIn(string reply) =>
        reply.StartsWith("0/9/", StringComparison.Ordinal) ? reply["0/9/".Length..].Split('|') : [];

    private static string Data(params string[] turns) => "0/9/" + string.Join('|', turns);

    private static async Task<string> AssertViolatedAsync(TamperingProxy relay, Once once, params string[] words)
    {
        // That a file cannot be written must not hide it.
        var (code, text, _) = await RunAsync(relay.Url, false, 0, LongEnough, once.Done, json: "/no/such/folder/json");
        Assert.That(code, Is.EqualTo(StressExit.Violation), text);
        foreach (var word in words)
            Assert.That(text, Does.Contain("VIOLATED").And.Contain(word));
        return text;
    }

    private static Task<(int Code, string Text, LoadReport Report)> RunAsync(Uri url, bool wait, double loss) =>
        RunAsync(url, wait, loss, TimeSpan.FromSeconds(0.7), CancellationToken.None);

    private static async Task<(int Code, string Text, LoadReport Report)> RunAsync(Uri url, bool wait, double loss,
        TimeSpan duration, CancellationToken end, string? json = null)
    {
        var output = new StringWriter();
        var run = new StressRun(new LoadOptions
        {
            Settings = new LoadSettings(url, Clients: 8, Rate: 50, duration, wait, loss),
            TurnsPerGame = 10,
        }, ramp: null, plot: null, json, output);
        var code = await run.RunAsync(end);
        return (code, output.ToString(), run.Reports is [var report] ? report : null!);
    }

    // Breaks a rule once, and then ends the test: on a busy machine it takes a while until two turns go together.
    private sealed class Once : IDisposable
    {
        private readonly CancellationTokenSource _done = new();

        public bool IsDone { get; private set; }

        public CancellationToken Done => _done.Token;

        public void Do()
        {
            IsDone = true;
            // Not from the relay's thread, which has a lock.
            _done.CancelAfter(TimeSpan.Zero);
        }

        public void Dispose() => _done.Dispose();
    }
}
