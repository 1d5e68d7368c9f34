using System.Text;
using Prometheus;
using TurnServer.Actor;
using TurnServer.Http;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>What the HTTP side counts.</summary>
public sealed class HttpMetersTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1);

    private CollectorRegistry _registry = null!;
    private HttpMeters _meters = null!;

    [SetUp]
    public void Create()
    {
        _registry = new CollectorRegistry();
        _meters = new HttpMeters(_registry);
    }

    [Test]
    public void Totals_OfRepliesErrorsAndLimits_AddUp()
    {
        _meters.Answered(Symbol.GameUpdate, WireReply.Of(Reply.Ok(ReplyCode.GameNoData)), Short);
        _meters.Answered(Symbol.GameUpdate, WireReply.Of(Reply.Refuse(ErrorCode.NoGame)), Short);
        _meters.Answered(Symbol.Register, WireReply.Of(Reply.Refuse(ErrorCode.RateLimited)), Short);
        _meters.Refused(WireReply.Of(Reply.Refuse(ErrorCode.RateLimited)));
        _meters.ConnectionRefused();
        _meters.ClientFailed();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_meters.Requests, Is.EqualTo(4));
            Assert.That(_meters.Errors, Is.EqualTo(3));
            Assert.That(_meters.RateLimited, Is.EqualTo(3));
            Assert.That(_meters.ClientFaults, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Answered_WithAHeldReply_IsNoLatency()
    {
        var held = WireReply.Of(Reply.Ok(ReplyCode.GameNoData), appliedWaitSeconds: 20);
        _meters.Answered(Symbol.GameUpdate, held, TimeSpan.FromSeconds(20));
        var scrape = await ScrapeAsync();
        Assert.That(scrape["turnserver_request_duration_seconds_count{symbol=\"GAME_UPDATE\"}"], Is.Zero);
        Assert.That(scrape["turnserver_held_reply_duration_seconds_sum{symbol=\"GAME_UPDATE\"}"], Is.EqualTo(20));
        Assert.That(scrape["turnserver_held_reply_duration_seconds_bucket{symbol=\"GAME_UPDATE\",le=\"15\"}"], Is.Zero);
        Assert.That(scrape["turnserver_held_reply_duration_seconds_bucket{symbol=\"GAME_UPDATE\",le=\"20\"}"],
            Is.EqualTo(1));
    }

    [Test]
    public async Task Answered_WithAReplyThatNobodyForesaw_IsCountedAllTheSame()
    {
        const string Series = "turnserver_requests_total{symbol=\"MAP_INIT\",reply=\"NO_GAME\",status=\"400\"}";
        Assert.That((await ScrapeAsync())[Series], Is.NaN);
        _meters.Answered(Symbol.MapInit, WireReply.Of(Reply.Refuse(ErrorCode.NoGame)), Short);
        _meters.Answered(Symbol.MapInit, WireReply.Of(Reply.Refuse(ErrorCode.NoGame)), Short);
        Assert.That((await ScrapeAsync())[Series], Is.EqualTo(2));
    }

    [Test]
    public void Answered_ByManyThreads_LosesNothing()
    {
        const int Each = 20_000;
        var reply = WireReply.Of(Reply.Ok(ReplyCode.GameData));
        Parallel.For(0, 4, _ =>
        {
            for (var i = 0; i < Each; i++)
                _meters.Answered(Symbol.GameUpdate, reply, Short);
        });
        Assert.That(_meters.Requests, Is.EqualTo(4 * Each));
    }

    [TestCaseSource(nameof(Scenarios))]
    public async Task Every_reply_of_a_scenario_is_a_series_from_the_start(object scenario)
    {
        var server = new RecordingServer(new TableScenarioServer(new TableDriver(new RulesOptions())));
        await new ScenarioPlayer(server).PlayAsync(((Scenario)scenario).Steps);
        Assert.That(server.Seen, Is.Not.Empty);
        Assert.That(server.Seen.Where(seen => !ReplyKinds.PossibleFor(seen.Symbol).Contains(seen.Kind))
            .Select(seen => $"{seen.Symbol?.ToString() ?? "none"} {ReplyKinds.NameOf(seen.Kind)}"), Is.Empty);
    }

    private static IEnumerable<TestCaseData> Scenarios() => Scenario.InFolder("scenarios")
        .Select(found => new TestCaseData(found.Scenario).SetName($"Series, {found.File}: {found.Scenario.Name}"));

    private async Task<Scrape> ScrapeAsync()
    {
        using var page = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(page);
        return new Scrape(Encoding.UTF8.GetString(page.ToArray()));
    }

    /// <summary>Notes what was asked and what was answered.</summary>
    private sealed class RecordingServer(IScenarioServer inner) : IScenarioServer
    {
        private readonly Dictionary<string, byte[]> _started = [];

        public List<(Symbol? Symbol, int Kind)> Seen { get; } = [];

        public async Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds) =>
            Note(body, await inner.SendAsync(body, waitSeconds));

        public Task StartAsync(string id, byte[] body, int waitSeconds)
        {
            _started[id] = body;
            return inner.StartAsync(id, body, waitSeconds);
        }

        public bool IsPending(string id) => inner.IsPending(id);

        public async Task<ScenarioReply?> JoinAsync(string id, TimeSpan within) =>
            await inner.JoinAsync(id, within) is { } reply ? Note(_started[id], reply) : null;

        public Task SleepAsync(TimeSpan time) => inner.SleepAsync(time);

        private ScenarioReply Note(byte[] body, ScenarioReply reply)
        {
            Symbol? symbol = RequestParser.TryParse(body, out var request, out _) ? request.Symbol : null;
            var words = reply.Text.Split('/');
            if (int.TryParse(words[0], out var error))
                Seen.Add((symbol, error == 0 ? int.Parse(words[1]) : ReplyKinds.Of((ErrorCode)error)));
            return reply;
        }
    }
}
