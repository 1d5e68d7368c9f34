using System.Text;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Actor;
using TurnServer.Admin;
using TurnServer.Admin.Front;
using TurnServer.Admin.Metrics;
using TurnServer.Journal;
using TurnServer.Metrics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>/metrics while the actor does not answer, and its formats.</summary>
public sealed class MetricsEndpointTests
{
    private static readonly AdminRequest Plain = new([], null);

    [Test]
    public async Task Handle_WhileTheActorDoesNotAnswer_OmitsItsMetrics()
    {
        var clock = new FakeTimeProvider();
        await using var actor = ActorDriver.Started();
        TaskCompletionSource<ActorStatistics>? unanswered = null;
        var endpoint = EndpointOf(() => unanswered?.Task ?? actor.Actor.GetStatisticsAsync(), clock);
        await AssertItHasTheActorsMetrics();

        unanswered = new TaskCompletionSource<ActorStatistics>();
        var handling = endpoint.HandleAsync(Plain).AsTask();
        Assert.That(handling.IsCompleted, Is.False);
        clock.Advance(ActorProbe.Timeout);
        var without = await ScrapeOf(handling);
        Assert.That(without["turnserver_actor_responding"], Is.Zero);
        Assert.That(without["turnserver_games"], Is.NaN);
        Assert.That(without["turnserver_players{status=\"waiting\"}"], Is.NaN);
        Assert.That(without["turnserver_registrations_total"], Is.NaN);
        Assert.That(without["turnserver_connections_max"], Is.EqualTo(7));
        Assert.That(without["process_max_fds"], Is.Positive);

        unanswered.SetResult(await actor.Actor.GetStatisticsAsync());
        unanswered = null;
        await AssertItHasTheActorsMetrics();

        async Task AssertItHasTheActorsMetrics()
        {
            var with = await ScrapeOf(endpoint.HandleAsync(Plain).AsTask());
            Assert.That(with["turnserver_actor_responding"], Is.EqualTo(1));
            Assert.That(with["turnserver_games"], Is.Zero);
            Assert.That(with["turnserver_players{status=\"waiting\"}"], Is.Zero);
            Assert.That(with["turnserver_registrations_total"], Is.Zero);
        }
    }

    [Test]
    public async Task Handle_WhileTheActorIsBusy_OmitsItsMetrics()
    {
        var endpoint = EndpointOf(() => Task.FromException<ActorStatistics>(new ActorBusyException()),
            new FakeTimeProvider());
        var scrape = await ScrapeOf(endpoint.HandleAsync(Plain).AsTask());
        Assert.That(scrape["turnserver_actor_responding"], Is.Zero);
        Assert.That(scrape["turnserver_games"], Is.NaN);
    }

    [Test]
    public async Task Handle_HasNoMetricsOfTheLibraryItself()
    {
        await using var actor = ActorDriver.Started();
        var endpoint = EndpointOf(actor.Actor.GetStatisticsAsync, TimeProvider.System);
        var scrape = await ScrapeOf(endpoint.HandleAsync(Plain).AsTask());
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
    public void PrefersOpenMetrics_ForAnAcceptHeader_ComparesQualities(string? accept, bool expected) =>
        Assert.That(MetricsEndpoint.PrefersOpenMetrics(accept), Is.EqualTo(expected));

    private static MetricsEndpoint EndpointOf(Func<Task<ActorStatistics>> countActor, TimeProvider clock) =>
        new(new MetricsRegistry(), "1.2.3", new SampleSource(new ActorProbe(countActor, clock),
            () => HistoryTests.At(0).Http with { Connections = null, ConnectionsMax = 7 },
            () => new JournalStatistics(), clock));

    private static async Task<Scrape> ScrapeOf(Task<AdminReply> handling)
    {
        var reply = await handling.WaitAsync(TestWait.Timeout);
        Assert.That(reply.Status, Is.EqualTo(200));
        return new Scrape(Encoding.UTF8.GetString(reply.Body));
    }
}
