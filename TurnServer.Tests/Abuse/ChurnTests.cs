using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Connections that are opened and closed as fast as possible.</summary>
[Category("Process")]
[Category("Slow"), NonParallelizable]
internal sealed class ChurnTests
{
    private const int ConnectionCount = 30_000;

    // Half of the server's connection limit, at which it would refuse honest clients too: they reconnect every hundred
    // requests. Another test covers that limit.
    private const int AtOnceMax = 8000;
    private const int ConnectionsBetweenChecks = 250;

    // Enough for the connections that 20,000 descriptors allow, at 14 KiB, but not for all that are opened in turn.
    // Without it the collector may wait that long: 480 MB after 60,000.
    private const long HeapBytesMax = 256L * 1024 * 1024;

    private static readonly byte[] Request = RawHttp.Post("2,*,1,*,*");

    [Test]
    public Task Connections_closed_after_a_reply_leave_nothing_behind() =>
        ChurnAsync("connect, request, read, close", socket =>
        {
            socket.Send(Request);
            while (socket.Receive(new byte[1024]) > 0)
            {
                // Reads to the end: an error reply closes the connection.
            }

            // Close by FIN instead of reset.
            socket.LingerState = new LingerOption(false, 0);
        });

    [Test]
    public Task Connections_reset_after_a_request_leave_nothing_behind() =>
        ChurnAsync("connect, request, reset", socket => socket.Send(Request));

    [Test]
    public Task Connections_reset_within_a_request_leave_nothing_behind() =>
        ChurnAsync("connect, half a request, reset", socket => socket.Send(Request[..^1]));

    [Test]
    public Task Connections_reset_at_once_leave_nothing_behind() => ChurnAsync("connect, reset", _ => { });

    private static async Task ChurnAsync(string what, Action<Socket> use)
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(HeapBytesMax);
        var descriptors = abused.Server.Descriptors;
        var startedAt = Stopwatch.GetTimestamp();
        var failed = 0;
        var open = new ConcurrentQueue<int>();
        await ClientSwarm.OnThreadsAsync(ConnectionCount, i =>
        {
            if (i / ClientSwarm.Threads % ConnectionsBetweenChecks == 0)
                TestWait.UntilAsync(HasRoom, "connections are closed").GetAwaiter().GetResult();
            try
            {
                using var socket = ClientSwarm.Connect(abused.Port, i);
                use(socket);
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref failed);
            }
        });
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        await TestWait.UntilAsync(() => abused.Server.Descriptors < descriptors + 50, "descriptors are closed");
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{ConnectionCount} times {what}, {ConnectionCount / seconds:0} a second, {open.Max()} at once"),
            MemoryBound.ForHeapLimit(HeapBytesMax));
        Assert.That(failed, Is.Zero, "failed connections");

        // Clients connect faster than the server serves them, so that connections pile up.
        bool HasRoom()
        {
            var now = abused.Server.Descriptors - descriptors;
            open.Enqueue(now);
            return now <= AtOnceMax;
        }
    }
}
