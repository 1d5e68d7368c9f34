using System.Text;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using TurnServer.Actor;
using TurnServer.Admin.Front;
using TurnServer.Admin.Metrics;
using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>The page of figures when not all is well, and its formats.</summary>
public sealed class MetricsEndpointTests
{
    private static readonly AdminRequest Plain = new([], null);

    [Test]
    public async Task Compose_WhileTheActorDoesNotAnswer_LeavesItsFiguresOut_AndBringsThemBack()
    {
        var clock = new FakeTimeProvider();
        await using var actor = ActorDriver.Started();
        TaskCompletionSource<ActorStatistics>? silence = null;
        var page = PageOf(() => silence?.Task ?? actor.Actor.CountAsync(), clock);
        await AssertItHasTheActorsFigures();

        silence = new TaskCompletionSource<ActorStatistics>();
        var composing = page.ComposeAsync(Plain).AsTask();
        Assert.That(composing.IsCompleted, Is.False);
        clock.Advance(ActorProbe.Timeout);
        var without = await ScrapeOf(composing);
        Assert.That(without["turnserver_actor_responding"], Is.Zero);
        Assert.That(without["turnserver_games"], Is.NaN);
        Assert.That(without["turnserver_players{status=\"waiting\"}"], Is.NaN);
        Assert.That(without["turnserver_registrations_total"], Is.NaN);
        Assert.That(without["turnserver_connections_max"], Is.EqualTo(7));
        Assert.That(without["process_max_fds"], Is.Positive);

        silence.SetResult(await actor.Actor.CountAsync());
        silence = null;
        await AssertItHasTheActorsFigures();

        async Task AssertItHasTheActorsFigures()
        {
            var with = await ScrapeOf(page.ComposeAsync(Plain).AsTask());
            Assert.That(with["turnserver_actor_responding"], Is.EqualTo(1));
            Assert.That(with["turnserver_games"], Is.Zero);
            Assert.That(with["turnserver_players{status=\"waiting\"}"], Is.Zero);
            Assert.That(with["turnserver_registrations_total"], Is.Zero);
        }
    }

    [Test]
    public async Task Compose_AfterTheActorFailed_LeavesItsFiguresOut()
    {
        var page = PageOf(() => Task.FromException<ActorStatistics>(new ActorBusyException()), new FakeTimeProvider());
        var scrape = await ScrapeOf(page.ComposeAsync(Plain).AsTask());
        Assert.That(scrape["turnserver_actor_responding"], Is.Zero);
        Assert.That(scrape["turnserver_games"], Is.NaN);
    }

    [Test]
    public async Task Compose_OfAnOwnRegistry_HasNothingOfTheLibrarysOwn()
    {
        await using var actor = ActorDriver.Started();
        var scrape = await ScrapeOf(PageOf(actor.Actor.CountAsync, TimeProvider.System).ComposeAsync(Plain).AsTask());
        Assert.That(scrape.Families,
            Has.All.Matches("^(turnserver|process|dotnet)_[a-z_]+$"));
    }

    [TestCase(null, false)]
    [TestCase("*/*", false)]
    [TestCase("text/html,text/plain;q=0.9", false)]
    [TestCase("application/openmetrics-text", true)]
    [TestCase("Application/OpenMetrics-Text; version=1.0.0", true)]
    [TestCase("application/openmetrics-text;q=0", false)]
    [TestCase("application/openmetrics-text;q=0.4,text/plain;q=0.5", false)]
    [TestCase("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [TestCase("nonsense,;,", false)]
    public void PrefersOpenMetrics_OfAnAcceptHeader_GoesByItsQualities(string? accept, bool expected) =>
        Assert.That(MetricsEndpoint.PrefersOpenMetrics(accept), Is.EqualTo(expected));

    private static MetricsEndpoint PageOf(Func<Task<ActorStatistics>> countActor, TimeProvider clock) =>
        new(new CollectorRegistry(), "1.2.3", new ActorProbe(countActor, clock), () => new HttpStatistics
        {
            UnderWay = 0,
            Connections = null,
            ConnectionsMax = 7,
            SlowHeads = 0,
            ConnectionsShed = 0,
            AcceptFailures = 0,
        });

    private static async Task<Scrape> ScrapeOf(Task<AdminReply> composing)
    {
        var reply = await composing.WaitAsync(TestWait.Timeout);
        Assert.That(reply.Status, Is.EqualTo(200));
        return new Scrape(Encoding.UTF8.GetString(reply.Body));
    }
}
