using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>How often a waiting player polls, with a stub server and a clock that skips pauses.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PairPaceTests
{
    [TestCase(true, Description = "another client of the same player answers this one's held reply")]
    [TestCase(false, Description = "the server holds no replies")]
    public async Task PairAsync_AnsweredAtOnceWithoutNews_AsksAgainAfterThePollInterval(bool wasHeld)
    {
        using var handler = new StubHandler(n => n switch
        {
            0 => StubHandler.Reply("0/0/17"),
            < 4 => NoNews(wasHeld),
            _ => StubHandler.Reply("0/3/Bob"),
        });
        var interval = TimeSpan.FromSeconds(1);
        var clock = new SkippingClock(interval);
        using var http = new HttpMessageInvoker(handler);
        var player = new TurnClient(http, new Uri("http://localhost/"),
            new TurnClientOptions { PollInterval = interval, Time = clock });
        await player.RegisterAsync("Ann");
        Assert.That((await player.PairAsync()).Value, Is.EqualTo(new Pairing(IsHost: true, "Bob")));
        Assert.That(clock.Pauses, Is.EqualTo(Enumerable.Repeat(interval, 3)));
    }

    private static HttpResponseMessage NoNews(bool wasHeld)
    {
        var reply = StubHandler.Reply("0/2/*");
        if (wasHeld)
            reply.Headers.Add("Preference-Applied", "wait=15");
        return reply;
    }
}
