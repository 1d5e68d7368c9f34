using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>More than anybody asked for: pipelines without end, and the longest bodies as fast as they go.</summary>
[Category("Slow"), NonParallelizable]
[Category("Process")]
internal sealed class FloodTests
{
    private const int PipelineCount = 20;
    private const int RequestsPerSegment = 400;
    private const int SenderCount = 4;
    private const int BodyBytesMax = 16_384;
    private const int FullCount = 50;
    private const int TurnBytes = 16_000;
    private const int BacklogTurns = 8;

    private static readonly TimeSpan Length = TimeSpan.FromSeconds(4);

    [TestCase(false)]
    [TestCase(true)]
    public async Task Pipelines_without_end_disturb_no_game(bool readsReplies)
    {
        var segment = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(
            RawHttp.Head("GET / HTTP/1.1"), RequestsPerSegment)));
        await using var abused = await AbusedServer.StartAsync();
        var segments = 0L;
        var end = Stopwatch.GetTimestamp() + (long)(Length.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, PipelineCount).Select(i => Crowd.OnThread(() =>
        {
            var buffer = new byte[65_536];
            while (Stopwatch.GetTimestamp() < end)
            {
                try
                {
                    using var socket = Crowd.Connect(abused.Port, i);
                    // One that reads nothing waits here, until the server has given it up or the time is up.
                    socket.SendTimeout = (int)Length.TotalMilliseconds;
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
                    // Another one.
                }
            }
        })));
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture, $"{segments} segments of "
            + $"{RequestsPerSegment} requests by {PipelineCount} clients, replies {(readsReplies ? "" : "not ")}read"),
            MemoryBound.OfPassing(PipelineCount * MemoryBound.ConnectionBytes));
    }

    [Test]
    public async Task The_longest_bodies_at_full_speed_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync();
        var end = Stopwatch.GetTimestamp() + (long)(Length.TotalSeconds * Stopwatch.Frequency);
        var turns = await Task.WhenAll(Enumerable.Range(0, SenderCount).Select(async i =>
        {
            await using var pair = await RawPair.StartAsync(abused.Port, $"Long{i}");
            var turn = new string('x', BodyBytesMax - pair.Update(0, 1_000_000_000, "").Length);
            await using var sender = new Repeater(abused.Port);
            await using var reader = new Repeater(abused.Port);
            var counter = 0;
            for (; Stopwatch.GetTimestamp() < end; counter++)
            {
                Assert.That(await sender.PostAsync(pair.Update(0, counter, turn)), Is.EqualTo("0/10/*"));
                Assert.That(await reader.PostAsync(pair.Update(1, counter, "")), Is.EqualTo("0/9/" + turn));
            }

            return counter;
        }));
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{turns.Sum() / Length.TotalSeconds:0} bodies of 16 KiB a second, and as many replies"),
            MemoryBound.OfPassing(2 * SenderCount * (MemoryBound.ConnectionBytes + (2 * MemoryBound.BodyBytesMax))));
    }

    [Test]
    public async Task A_partner_that_never_reads_fills_its_backlog_and_harms_nobody()
    {
        await using var abused = await AbusedServer.StartAsync();
        var turn = new string('x', TurnBytes);
        for (var i = 0; i < FullCount; i++)
        {
            await using var pair = await RawPair.StartAsync(abused.Port, $"Full{i}");
            await using var sender = new Repeater(abused.Port);
            await using var reader = new Repeater(abused.Port);
            for (var counter = 0; counter < BacklogTurns; counter++)
                Assert.That(await sender.PostAsync(pair.Update(0, counter, turn)), Is.EqualTo("0/10/*"));
            for (var attempt = 0; attempt < 3; attempt++)
                Assert.That(await sender.PostAsync(pair.Update(0, BacklogTurns, turn)), Is.EqualTo("21/*/*"));
            // What is left of it takes a short turn, and the sender still gets what its partner says.
            await reader.PostAsync($"6,said,{pair.Keys[1]},{pair.Seats[1]},0");
            Assert.That(await sender.PostAsync(pair.Update(0, BacklogTurns, "short")), Is.EqualTo("0/9/said"));
            if (i > 0)
                continue;
            // The first of them reads after all.
            var block = await reader.PostAsync(pair.Update(1, 0, ""));
            var turns = string.Join('|', Enumerable.Repeat(turn, BacklogTurns).Append("short"));
            Assert.That(block, Is.EqualTo("0/11/" + turns));
            Assert.That(await reader.PostAsync(pair.Update(1, 1, "")), Is.EqualTo("0/10/*"));
            Assert.That(await sender.PostAsync(pair.Update(0, BacklogTurns + 1, turn)), Is.EqualTo("0/10/*"));
        }

        await abused.CheckAsync($"{FullCount} backlogs filled",
            MemoryBound.OfPassing(FullCount * (long)MemoryBound.BacklogBytesMax));
    }

    /// <summary>A client that connects anew for what the server has closed, as any HTTP library does.</summary>
    private sealed class Repeater(int port) : IAsyncDisposable
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
