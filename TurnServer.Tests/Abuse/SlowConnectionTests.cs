using System.Globalization;
using System.Text;
using TurnServer.Service;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Ten thousand connections that send slowly or not at all.</summary>
[Category("Process")]
[Category("Slow"), NonParallelizable]
internal sealed class SlowConnectionTests
{
    private const int ConnectionCount = 10_000;

    // The server keeps a fifth of its descriptors free.
    private const int DescriptorsMin = 13_000;

    // Enough for the connections and half of the bodies that they announce.
    private const long HeapBytesMax =
        (long)ConnectionCount * (MemoryBound.ConnectionBytes + (MemoryBound.BodyBytesMax / 2));

    // Longer than all of them take to connect, so that all are open at once.
    private const string BodyTimeout = "8";

    // The listener's own timeout between two requests.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    [OneTimeSetUp]
    public void CheckDescriptors()
    {
        if (FileDescriptors.Limit() < DescriptorsMin)
            Tool.SkipOrFail($"A process may open {FileDescriptors.Limit()} files: ulimit -n {DescriptorsMin}");
    }

    [Test]
    public async Task Ten_thousand_slow_heads_are_closed_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync("--body-timeout", BodyTimeout);
        await SendSlowlyAsync(abused, "", "POST / HTTP/1.1\r\nHost: x\r\nX-Name: value");
        await abused.CheckAsync("10,000 slow heads",
            MemoryBound.ForLongLived((long)ConnectionCount * MemoryBound.ConnectionBytes));
    }

    [Test]
    public async Task Ten_thousand_slow_bodies_are_closed_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(HeapBytesMax, "--body-timeout", BodyTimeout);
        await SendSlowlyAsync(abused, RawHttp.Head("POST / HTTP/1.1", "Content-Length: 16384"), "6,turn");
        await abused.CheckAsync("10,000 slow bodies of 16 KiB",
            MemoryBound.ForLongLived((long)ConnectionCount * (MemoryBound.ConnectionBytes + MemoryBound.BodyBytesMin)));
    }

    [Test]
    public async Task Ten_thousand_idle_connections_are_closed_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync();
        using var swarm = await ClientSwarm.ConnectAsync(abused.Port, ConnectionCount);
        var answered = await swarm.PostAsync(Encoding.ASCII.GetBytes(RawHttp.Head("GET /healthz HTTP/1.1")),
            "HTTP/1.1 200 OK");
        Assert.That(answered, Is.EqualTo(ConnectionCount));
        Assert.That(abused.Server.Descriptors, Is.GreaterThan(ConnectionCount), "all are open at once");
        await TestWait.UntilAsync(() => swarm.CountOpen() == 0, "all are closed",
            IdleTimeout + TestWait.Timeout);
        await abused.CheckAsync("10,000 idle connections",
            MemoryBound.ForLongLived((long)ConnectionCount * MemoryBound.ConnectionBytes));
    }

    // Sends a byte on each connection per round, until all are closed.
    private static async Task SendSlowlyAsync(AbusedServer abused, string atOnce, string slow)
    {
        var descriptors = abused.Server.Descriptors;
        using var swarm = await ClientSwarm.ConnectAsync(abused.Port, ConnectionCount);
        await swarm.SendAsync(Encoding.ASCII.GetBytes(atOnce + slow[0]));
        await TestWait.UntilAsync(() => abused.Server.Descriptors - descriptors > ConnectionCount * 9 / 10,
            "nearly all are open at once");
        var seconds = double.Parse(BodyTimeout, CultureInfo.InvariantCulture);
        var rounds = 1;
        // At most ten times the timeout.
        for (; swarm.CountOpen() > 0 && rounds < 10 * seconds / Interval.TotalSeconds; rounds++)
        {
            await swarm.SendAsync([(byte)slow[rounds % slow.Length]]);
            await Task.Delay(Interval);
        }

        Assert.That(swarm.CountOpen(), Is.Zero, "the server has closed all of them");
        await TestWait.UntilAsync(() => abused.Server.Descriptors < descriptors + 100, "descriptors are closed");
    }
}
