using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Connections that come and go as fast as they can.</summary>
[Category("Slow"), NonParallelizable]
[Category("Process")]
internal sealed class ChurnTests
{
    private const int ConnectionCount = 30_000;

    // Beyond its limit of connections, 16 000 here, the server turns newcomers away, the honest among them: the listener
    // gives a connection a hundred requests. That limit is another test's.
    private const int AtOnceMax = 8000;
    private const int ConnectionsBetweenLooks = 250;

    // Room for the most connections that 20 000 descriptors allow, at 14 KiB, and not for all that come and go. Without
    // it the collector may wait until they have come and gone: 480 MB after 60 000.
    private const long HeapBytesMax = 256L * 1024 * 1024;

    private static readonly byte[] Request = RawHttp.Post("2,*,1,*,*");

    [Test]
    public Task Connecting_asking_and_closing_leaves_nothing_behind() =>
        ChurnAsync("connect, ask, read, close", socket =>
        {
            socket.Send(Request);
            while (socket.Receive(new byte[1024]) > 0)
            {
                // To its end: an error costs the connection.
            }

            // In order, not by a reset.
            socket.LingerState = new LingerOption(false, 0);
        });

    [Test]
    public Task Asking_and_resetting_leaves_nothing_behind() =>
        ChurnAsync("connect, ask, reset", socket => socket.Send(Request));

    [Test]
    public Task Asking_by_halves_and_resetting_leaves_nothing_behind() =>
        ChurnAsync("connect, ask by halves, reset", socket => socket.Send(Request[..^1]));

    [Test]
    public Task Connecting_and_resetting_leaves_nothing_behind() => ChurnAsync("connect, reset", _ => { });

    private static async Task ChurnAsync(string what, Action<Socket> use)
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(HeapBytesMax);
        var descriptors = abused.Server.Descriptors;
        var startedAt = Stopwatch.GetTimestamp();
        var failed = 0;
        var open = new ConcurrentQueue<int>();
        await Crowd.OnThreadsAsync(ConnectionCount, i =>
        {
            if (i / Crowd.Threads % ConnectionsBetweenLooks == 0)
                TestWait.UntilAsync(HasRoom, "there are fewer connections").GetAwaiter().GetResult();
            try
            {
                using var socket = Crowd.Connect(abused.Port, i);
                use(socket);
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref failed);
            }
        });
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        await TestWait.UntilAsync(() => abused.Server.Descriptors < descriptors + 50, "their descriptors are free");
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{ConnectionCount} times {what}, {ConnectionCount / seconds:0} a second, {open.Max()} at once"),
            MemoryBound.OfHeap(HeapBytesMax));
        Assert.That(failed, Is.Zero, "connections that the server failed");

        // Connecting is quicker than being served: they pile up.
        bool HasRoom()
        {
            var now = abused.Server.Descriptors - descriptors;
            open.Enqueue(now);
            return now <= AtOnceMax;
        }
    }
}
