using System.Globalization;
using System.Text;
using TurnServer.Service;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Connections by the ten thousand that do little or nothing.</summary>
[Category("Slow"), NonParallelizable]
internal sealed class SlowConnectionTests
{
    private const int ConnectionCount = 10_000;

    // The server keeps a fifth of them free.
    private const int DescriptorsMin = 13_000;

    // Room for the connections, and for half of what they announce.
    private const long HeapBytesMax =
        (long)ConnectionCount * (MemoryBound.ConnectionBytes + (MemoryBound.BodyBytesMax / 2));

    // Longer than all of them take to connect, so that all are there at once.
    private const string BodyTimeout = "8";

    // The listener's own, between two requests.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(500);

    [OneTimeSetUp]
    public void CheckDescriptors()
    {
        if (FileDescriptors.Limit() < DescriptorsMin)
            Tool.Miss($"A process may open {FileDescriptors.Limit()} files here: ulimit -n {DescriptorsMin}");
    }

    [Test]
    public async Task Ten_thousand_heads_that_dribble_are_ended_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync("--body-timeout", BodyTimeout);
        await DribbleAsync(abused, "", "POST / HTTP/1.1\r\nHost: x\r\nX-Name: value");
        await abused.CheckAsync("10 000 heads that dribble",
            MemoryBound.OfStanding((long)ConnectionCount * MemoryBound.ConnectionBytes));
    }

    [Test]
    public async Task Ten_thousand_bodies_that_dribble_are_ended_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(HeapBytesMax, "--body-timeout", BodyTimeout);
        await DribbleAsync(abused, RawHttp.Head("POST / HTTP/1.1", "Content-Length: 16384"), "6,turn");
        await abused.CheckAsync("10 000 bodies of 16 KiB that dribble",
            MemoryBound.OfStanding((long)ConnectionCount * (MemoryBound.ConnectionBytes + MemoryBound.BodyBytesMin)));
    }

    [Test]
    public async Task Ten_thousand_idle_connections_are_ended_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync();
        using var crowd = await Crowd.ConnectAsync(abused.Port, ConnectionCount);
        var answered = await crowd.AskAsync(Encoding.ASCII.GetBytes(RawHttp.Head("GET /healthz HTTP/1.1")),
            "HTTP/1.1 200 OK");
        Assert.That(answered, Is.EqualTo(ConnectionCount));
        Assert.That(abused.Server.Descriptors, Is.GreaterThan(ConnectionCount), "all are there at once");
        await ServerChild.UntilAsync(() => crowd.CountOpen() == 0, "all are ended", IdleTimeout + ServerChild.Patience);
        await abused.CheckAsync("10 000 idle connections",
            MemoryBound.OfStanding((long)ConnectionCount * MemoryBound.ConnectionBytes));
    }

    // A byte at a time, to all of them, round after round until none is left.
    private static async Task DribbleAsync(AbusedServer abused, string atOnce, string dribbled)
    {
        var descriptors = abused.Server.Descriptors;
        using var crowd = await Crowd.ConnectAsync(abused.Port, ConnectionCount);
        await crowd.SendAsync(Encoding.ASCII.GetBytes(atOnce + dribbled[0]));
        await ServerChild.UntilAsync(() => abused.Server.Descriptors - descriptors > ConnectionCount * 9 / 10,
            "nearly all are there at once");
        var seconds = double.Parse(BodyTimeout, CultureInfo.InvariantCulture);
        var rounds = 1;
        // Ten times as long as it may take, in rounds.
        for (; crowd.CountOpen() > 0 && rounds < 10 * seconds / Between.TotalSeconds; rounds++)
        {
            await crowd.SendAsync([(byte)dribbled[rounds % dribbled.Length]]);
            await Task.Delay(Between);
        }

        Assert.That(crowd.CountOpen(), Is.Zero, "the server has ended all of them");
        await ServerChild.UntilAsync(() => abused.Server.Descriptors < descriptors + 100, "their descriptors are free");
    }
}
