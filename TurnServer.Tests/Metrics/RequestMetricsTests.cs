using System.Text;
using TurnServer.Actor;
using TurnServer.Metrics;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Metrics;

/// <summary>What is counted for each request.</summary>
public sealed class RequestMetricsTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1);

    private MetricsRegistry _registry = null!;
    private RequestMetrics _metrics = null!;

    [SetUp]
    public void Create()
    {
        _registry = new MetricsRegistry();
        _metrics = new RequestMetrics(_registry);
    }

    [Test]
    public async Task Totals_OfRepliesErrorsAndLimits_AddUp()
    {
        _metrics.Answered(Symbol.GameUpdate, WireReply.Of(Reply.Ok(ReplyCode.GameNoData)), Short);
        _metrics.Answered(Symbol.GameUpdate, WireReply.Of(Reply.Refuse(ErrorCode.NoGame)), Short);
        _metrics.Answered(Symbol.Register, WireReply.Of(Reply.Refuse(ErrorCode.RateLimited)), Short);
        _metrics.Refused(WireReply.Of(Reply.Refuse(ErrorCode.RateLimited)));
        _metrics.ConnectionRefused();
        _metrics.ClientDisconnected();
        var scrape = await ScrapeAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(scrape.Sum("turnserver_requests_total"), Is.EqualTo(4));
            Assert.That(_metrics.ErrorsByCode().Sum(), Is.EqualTo(3));
            Assert.That(_metrics.Served.Count, Is.EqualTo(3));
            Assert.That(scrape.Sum("turnserver_rate_limited_total"), Is.EqualTo(3));
            Assert.That(scrape["turnserver_client_faults_total"], Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Answered_WithAHeldReply_IsNotInTheLatencyHistogram()
    {
        var held = WireReply.Of(Reply.Ok(ReplyCode.GameNoData)) with { WasHeld = true };
        _metrics.Answered(Symbol.GameUpdate, held, TimeSpan.FromSeconds(20));
        var scrape = await ScrapeAsync();
        Assert.That(scrape["turnserver_request_duration_seconds_count{symbol=\"GAME_UPDATE\"}"], Is.Zero);
        Assert.That(scrape["turnserver_held_reply_duration_seconds_sum{symbol=\"GAME_UPDATE\"}"], Is.EqualTo(20));
        Assert.That(scrape["turnserver_held_reply_duration_seconds_bucket{symbol=\"GAME_UPDATE\",le=\"15\"}"], Is.Zero);
        Assert.That(scrape["turnserver_held_reply_duration_seconds_bucket{symbol=\"GAME_UPDATE\",le=\"20\"}"],
            Is.EqualTo(1));
    }

    [Test]
    public async Task Answered_WithAnUnlistedReply_AddsItsSeries()
    {
        const string Series = "turnserver_requests_total{symbol=\"MAP_INIT\",reply=\"NO_GAME\",status=\"400\"}";
        Assert.That((await ScrapeAsync())[Series], Is.NaN);
        _metrics.Answered(Symbol.MapInit, WireReply.Of(Reply.Refuse(ErrorCode.NoGame)), Short);
        _metrics.Answered(Symbol.MapInit, WireReply.Of(Reply.Refuse(ErrorCode.NoGame)), Short);
        Assert.That((await ScrapeAsync())[Series], Is.EqualTo(2));
    }

    [Test]
    public async Task Answered_ByManyThreads_LosesNothing()
    {
        const int Each = 20_000;
        var reply = WireReply.Of(Reply.Ok(ReplyCode.GameData));
        Parallel.For(0, 4, _ =>
        {
            for (var i = 0; i < Each; i++)
                _metrics.Answered(Symbol.GameUpdate, reply, Short);
        });
        Assert.That((await ScrapeAsync()).Sum("turnserver_requests_total"), Is.EqualTo(4 * Each));
    }

    [TestCaseSource(nameof(Scenarios))]
    public async Task Every_reply_of_a_scenario_is_a_series_from_the_start(object scenario)
    {
        var server = new RecordingServer(new TableScenarioServer(new TableDriver(new RulesOptions())));
        await new ScenarioPlayer(server).PlayAsync(((Scenario)scenario).Steps);
        Assert.That(server.Seen, Is.Not.Empty);
        Assert.That(server.Seen.Where(seen => !IsListed(seen.Symbol, seen.Error, seen.Code))
            .Select(seen => $"{seen.Symbol?.ToString() ?? "none"} {seen.Error} {seen.Code}"), Is.Empty);
    }

    private static IEnumerable<TestCaseData> Scenarios() => Scenario.InFolder("scenarios")
        .Select(found => new TestCaseData(found.Scenario).SetName($"Series, {found.File}: {found.Scenario.Name}"));

    private static bool IsListed(Symbol? symbol, ErrorCode error, ReplyCode code) => error == ErrorCode.None
        ? PossibleReplies.CodesOf(symbol).Contains(code)
        : PossibleReplies.ErrorsOf(symbol).Contains(error);

    private async Task<Scrape> ScrapeAsync() =>
        new(Encoding.UTF8.GetString(await _registry.ExportAsync(isOpenMetrics: false)));

    /// <summary>Records each request's symbol and reply.</summary>
    private sealed class RecordingServer(IScenarioServer inner) : IScenarioServer
    {
        private readonly Dictionary<string, byte[]> _started = [];

        public List<(Symbol? Symbol, ErrorCode Error, ReplyCode Code)> Seen { get; } = [];

        public bool IsRealTime => inner.IsRealTime;

        public async Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds) =>
            Record(body, await inner.SendAsync(body, waitSeconds));

        public Task StartAsync(string id, byte[] body, int waitSeconds)
        {
            _started[id] = body;
            return inner.StartAsync(id, body, waitSeconds);
        }

        public bool IsPending(string id) => inner.IsPending(id);

        public async Task<ScenarioReply?> JoinAsync(string id, TimeSpan within) =>
            await inner.JoinAsync(id, within) is { } reply ? Record(_started[id], reply) : null;

        public Task<string> GetWaitingAsync(string pool) => inner.GetWaitingAsync(pool);

        public Task SleepAsync(TimeSpan time) => inner.SleepAsync(time);

        private ScenarioReply Record(byte[] body, ScenarioReply reply)
        {
            Symbol? symbol = RequestParser.TryParse(body, out var request, out _) ? request.Symbol : null;
            var words = reply.Text.Split('/');
            if (int.TryParse(words[0], out var error))
                Seen.Add((symbol, (ErrorCode)error, error == 0 ? (ReplyCode)int.Parse(words[1]) : default));
            return reply;
        }
    }
}
