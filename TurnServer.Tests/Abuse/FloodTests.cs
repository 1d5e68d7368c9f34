using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Endless pipelines, the longest bodies at full speed, and full backlogs.</summary>
[Category("Process")]
[Category("Slow"), NonParallelizable]
internal sealed class FloodTests
{
    private const int PipelineCount = 20;
    private const int RequestsPerSegment = 400;
    private const int SenderCount = 4;
    private const int BodyBytesMax = 16_384;
    private const int FullCount = 50;
    private const int TurnBytes = 16_000;
    private const int BacklogTurns = 8;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    [TestCase(false)]
    [TestCase(true)]
    public async Task Endless_pipelines_disturb_no_game(bool readsReplies)
    {
        var segment = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(
            RawHttp.Head("GET / HTTP/1.1"), RequestsPerSegment)));
        await using var abused = await AbusedServer.StartAsync();
        var segments = 0L;
        var end = Stopwatch.GetTimestamp() + (long)(Duration.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, PipelineCount).Select(i => ClientSwarm.OnThread(() =>
        {
            var buffer = new byte[65_536];
            while (Stopwatch.GetTimestamp() < end)
            {
                try
                {
                    using var socket = ClientSwarm.Connect(abused.Port, i);
                    // A client that reads nothing blocks in Send until the server closes it or the time is up.
                    socket.SendTimeout = (int)Duration.TotalMilliseconds;
                    while (Stopwatch.GetTimestamp() < end)
                    {
                        socket.Send(segment);
                        Interlocked.Increment(ref segments);
                        if (readsReplies && socket.Receive(buffer) == 0)
                            break;
                    }
                }
                catch (SocketException)
                {
                    // Closed by the server: connect again.
                }
            }
        })));
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture, $"{segments} segments of "
            + $"{RequestsPerSegment} requests by {PipelineCount} clients, replies {(readsReplies ? "" : "not ")}read"),
            MemoryBound.ForShortLived(PipelineCount * MemoryBound.ConnectionBytes));
    }

    [Test]
    public async Task The_longest_bodies_at_full_speed_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync();
        var end = Stopwatch.GetTimestamp() + (long)(Duration.TotalSeconds * Stopwatch.Frequency);
        var turns = await Task.WhenAll(Enumerable.Range(0, SenderCount).Select(async i =>
        {
            await using var pair = await RawPair.StartAsync(abused.Port, $"Long{i}");
            var turn = new string('x', BodyBytesMax - pair.Update(0, 1_000_000_000, "").Length);
            await using var sender = new ReconnectingClient(abused.Port);
            await using var reader = new ReconnectingClient(abused.Port);
            var counter = 0;
            for (; Stopwatch.GetTimestamp() < end; counter++)
            {
                Assert.That(await sender.PostAsync(pair.Update(0, counter, turn)), Is.EqualTo("0/10/*"));
                Assert.That(await reader.PostAsync(pair.Update(1, counter, "")), Is.EqualTo("0/9/" + turn));
            }

            return counter;
        }));
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{turns.Sum() / Duration.TotalSeconds:0} bodies of 16 KiB a second, and as many replies"),
            MemoryBound.ForShortLived(
                2 * SenderCount * (MemoryBound.ConnectionBytes + (2 * MemoryBound.BodyBytesMax))));
    }

    [Test]
    public async Task A_partner_that_never_reads_fills_only_its_own_backlog()
    {
        await using var abused = await AbusedServer.StartAsync();
        var turn = new string('x', TurnBytes);
        for (var i = 0; i < FullCount; i++)
        {
            await using var pair = await RawPair.StartAsync(abused.Port, $"Full{i}");
            await using var sender = new ReconnectingClient(abused.Port);
            await using var reader = new ReconnectingClient(abused.Port);
            for (var counter = 0; counter < BacklogTurns; counter++)
                Assert.That(await sender.PostAsync(pair.Update(0, counter, turn)), Is.EqualTo("0/10/*"));
            for (var attempt = 0; attempt < 3; attempt++)
                Assert.That(await sender.PostAsync(pair.Update(0, BacklogTurns, turn)), Is.EqualTo("21/*/*"));
            // A short turn still fits, and the sender still receives the turns of its partner.
            await reader.PostAsync($"6,said,{pair.Keys[1]},{pair.Seats[1]},0");
            Assert.That(await sender.PostAsync(pair.Update(0, BacklogTurns, "short")), Is.EqualTo("0/9/said"));
            if (i > 0)
                continue;
            // The first partner reads in the end.
            var block = await reader.PostAsync(pair.Update(1, 0, ""));
            var turns = string.Join('|', Enumerable.Repeat(turn, BacklogTurns).Append("short"));
            Assert.That(block, Is.EqualTo("0/11/" + turns));
            Assert.That(await reader.PostAsync(pair.Update(1, 1, "")), Is.EqualTo("0/10/*"));
            Assert.That(await sender.PostAsync(pair.Update(0, BacklogTurns + 1, turn)), Is.EqualTo("0/10/*"));
        }

        await abused.CheckAsync($"{FullCount} backlogs filled",
            MemoryBound.ForShortLived(FullCount * (long)MemoryBound.BacklogBytesMax));
    }

    /// <summary>A client that reconnects when the server closes its connection, as HTTP libraries do.</summary>
    private sealed class ReconnectingClient(int port) : IAsyncDisposable
    {
        private RawHttp? _connection;

        public async Task<string> PostAsync(string body)
        {
            _connection ??= await RawHttp.ConnectAsync(port);
            var reply = await _connection.PostAsync(body);
            if (reply.Closes)
                await DisposeAsync();
            return reply.Body;
        }

        public async ValueTask DisposeAsync()
        {
            await (_connection?.DisposeAsync() ?? ValueTask.CompletedTask);
            _connection = null;
        }
    }
}
