using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Http.WebSockets;
using TurnServer.Service;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>WebSockets that flood, never read, never speak, or come and go.</summary>
[Category("Process")]
[Category("Slow"), NonParallelizable]
internal sealed class SocketAbuseTests
{
    private const int FloodingCount = 20;
    private const int FramesPerSegment = 2000;
    private const int IdleCount = 10_000;
    private const int ChurnCount = 20_000;
    private const int NonReadingCount = 200;
    private const int UnreadRequests = 60;
    private const int TurnBytes = 16_000;
    private const int AtOnceMax = 8000;

    // The server keeps a fifth of its descriptors free.
    private const int DescriptorsMin = 13_000;

    // The listener's connection and the objects of a WebSocket, which has no buffer of 8 KiB: 10 KB as measured.
    private const int SocketBytes = MemoryBound.ConnectionBytes;

    private const long ChurnHeapBytesMax = 256L * 1024 * 1024;

    // For each connection the updates of one seat that may be under way, and the copy that is being sent; and as much
    // garbage as may accumulate before the next collection.
    private const long UnreadHeapBytesMax =
        2L * NonReadingCount * (SocketBytes + ((SeatWindow.UpdatesMax + 2) * MemoryBound.BacklogBytesMax));

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);
    private static readonly byte[] Upgrade =
        Encoding.ASCII.GetBytes(RawHttp.Head("GET / HTTP/1.1", RawWebSocket.Headers));

    [OneTimeSetUp]
    public void CheckDescriptors()
    {
        if (FileDescriptors.Limit() < DescriptorsMin)
            Tool.SkipOrFail($"A process may open {FileDescriptors.Limit()} files: ulimit -n {DescriptorsMin}");
    }

    [Test]
    public Task Floods_of_pings_are_cut_off_and_disturb_no_game() =>
        FloodAsync("pings", [], SocketFrame.Encode(Opcode.Ping, []));

    [Test]
    public Task Floods_of_empty_fragments_are_cut_off_and_disturb_no_game() => FloodAsync("empty fragments",
        SocketFrame.Encode(Opcode.Text, "1 "u8, isFinal: false),
        SocketFrame.Encode(Opcode.Continuation, [], isFinal: false));

    [Test]
    public async Task Ten_thousand_WebSockets_that_answer_no_ping_are_closed_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync("--ping-interval", "5");
        using var swarm = await ClientSwarm.ConnectAsync(abused.Port, IdleCount);
        Assert.That(await swarm.PostAsync(Upgrade, "HTTP/1.1 101 "), Is.EqualTo(IdleCount));
        await TestWait.UntilAsync(() => swarm.CountOpen() == 0, "all are closed", 2 * TestWait.Timeout);
        await abused.CheckAsync("10,000 silent WebSockets", MemoryBound.ForLongLived((long)IdleCount * SocketBytes));
    }

    [Test]
    public async Task WebSockets_that_never_read_are_closed_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(UnreadHeapBytesMax, "--game-timeout", "60");
        await using var pair = await RawPair.StartAsync(abused.Port, "UnreadSocket");
        for (var counter = 0; counter < MemoryBound.BacklogBytesMax / TurnBytes; counter++)
            await pair.Players[0].PostAsync(pair.Update(0, counter, new string('x', TurnBytes)));
        await pair.Players[1].PostAsync(pair.Update(1, 0, ""));
        var again = SocketFrame.Message($"1 {pair.Update(1, 0, "")}");
        var descriptors = abused.Server.Descriptors;
        using var swarm = await ClientSwarm.ConnectAsync(abused.Port, NonReadingCount);
        Assert.That(await swarm.PostAsync(Upgrade, "HTTP/1.1 101 "), Is.EqualTo(NonReadingCount));
        await swarm.SendAsync([.. Enumerable.Repeat(again, UnreadRequests).SelectMany(bytes => bytes)]);
        // A send times out after 10 s.
        await TestWait.UntilAsync(() => abused.Server.Descriptors < descriptors + 50, "all are closed");
        await abused.CheckAsync($"{NonReadingCount} WebSockets request 128 KB {UnreadRequests} times and read nothing",
            MemoryBound.ForHeapLimit(UnreadHeapBytesMax));
    }

    [Test]
    public async Task Upgrades_that_are_reset_at_once_leave_nothing_behind()
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(ChurnHeapBytesMax);
        var descriptors = abused.Server.Descriptors;
        var startedAt = Stopwatch.GetTimestamp();
        var failed = new ConcurrentQueue<string>();
        await ClientSwarm.OnThreadsAsync(ChurnCount, i =>
        {
            if (i % 1000 < ClientSwarm.Threads)
            {
                TestWait.UntilAsync(() => abused.Server.Descriptors - descriptors <= AtOnceMax, "some are closed")
                    .GetAwaiter().GetResult();
            }

            try
            {
                using var socket = ClientSwarm.Connect(abused.Port, i);
                socket.Send(Upgrade);
                // Every other one is open before it is reset.
                if (i / ClientSwarm.Threads % 2 == 0)
                    socket.Receive(new byte[1024]);
            }
            catch (SocketException e)
            {
                failed.Enqueue(e.Message);
            }
        });
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        await TestWait.UntilAsync(() => abused.Server.Descriptors < descriptors + 50, "descriptors are closed");
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{ChurnCount} times upgrade and reset, {ChurnCount / seconds:0} a second"),
            MemoryBound.ForHeapLimit(ChurnHeapBytesMax));
        Assert.That(failed, Is.Empty);
    }

    // Each flooding client comes back as soon as it is cut off.
    private static async Task FloodAsync(string what, byte[] first, byte[] frame)
    {
        await using var abused = await AbusedServer.StartAsync();
        byte[] segment = [.. Enumerable.Repeat(frame, FramesPerSegment).SelectMany(bytes => bytes)];
        var (segments, connections) = (0L, 0L);
        var end = Stopwatch.GetTimestamp() + (long)(Duration.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, FloodingCount).Select(i => ClientSwarm.OnThread(() =>
        {
            var buffer = new byte[65_536];
            while (Stopwatch.GetTimestamp() < end)
            {
                try
                {
                    using var socket = ClientSwarm.Connect(abused.Port, i);
                    socket.SendTimeout = (int)Duration.TotalMilliseconds;
                    socket.Send(Upgrade);
                    socket.Receive(buffer);
                    socket.Send(first);
                    Interlocked.Increment(ref connections);
                    while (Stopwatch.GetTimestamp() < end)
                    {
                        socket.Send(segment);
                        Interlocked.Increment(ref segments);
                        if (socket.Poll(0, SelectMode.SelectRead) && socket.Receive(buffer) == 0)
                            break;
                    }
                }
                catch (SocketException)
                {
                    // Cut off: connect again.
                }
            }
        })));
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{FloodingCount} clients flood with {what}, {FramesPerSegment * segments} on {connections} WebSockets"),
            MemoryBound.ForShortLived(FloodingCount * SocketBytes));
    }
}
