using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Requests with an endless head or chunk, sent as fast as the server reads.</summary>
[Category("Slow"), NonParallelizable]
[Category("Process")]
internal sealed class EndlessHeadTests
{
    private const int ConnectionCount = 8;
    private const int PieceBytes = 8 * 1024;
    private const long SentBytesMax = 400L * 1024 * 1024;

    // The default of musl for threads, in hexadecimal; that of glibc is 8 MiB.
    private const string SmallStack = "DOTNET_Thread_DefaultStackSize=180000";

    // For each connection: what was received of the head, a copy while its buffer grows, and another in the listener.
    private const long AliveBytes =
        (long)ConnectionCount * (MemoryBound.ConnectionBytes + (3 * (RequestHead.BytesMax + PieceBytes)));

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);

    [Test]
    public async Task Endless_heads_of_many_lines_are_closed_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync("--body-timeout", "60");
        var value = new string('y', PieceBytes - 30);
        await SendAsync(abused.Port, "POST / HTTP/1.1\r\n", line => $"X-{line}: {value}\r\n");
        await abused.CheckAsync("endless heads of many lines", MemoryBound.ForShortLived(AliveBytes));
    }

    [Test]
    public async Task Endless_heads_of_one_line_are_closed_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartAsync("--body-timeout", "60");
        await SendAsync(abused.Port, "", _ => new string('x', PieceBytes));
        await abused.CheckAsync("endless heads of one line", MemoryBound.ForShortLived(AliveBytes));
    }

    // The listener starts each read in the callback of the one before, and each may complete synchronously.
    [TestCase("", "x")]
    [TestCase("POST / HTTP/1.1\r\n", "X: y\r\n")]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1 ", ";")]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n")]
    [TestCase("", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    public async Task Endless_requests_do_not_overflow_the_stack(string start, string repeated)
    {
        await using var server = await ServerChild.StartUnderAsync(["env", SmallStack], "--body-timeout", "2");
        var piece = string.Concat(Enumerable.Repeat(repeated, 64 * 1024 / repeated.Length));
        await SendAsync(server.Port, start, _ => piece);
        await using var client = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await client.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
    }

    // On eight connections at a time, each reopened when it is closed.
    private static async Task SendAsync(int port, string start, Func<int, string> piece)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var sent = 0L;
        await Task.WhenAll(Enumerable.Range(0, ConnectionCount).Select(_ => Task.Run(async () =>
        {
            while (!IsOver())
            {
                try
                {
                    await using var client = await RawHttp.ConnectAsync(port);
                    await client.SendAsync(start);
                    for (var line = 0; !IsOver(); line++)
                    {
                        var bytes = Encoding.ASCII.GetBytes(piece(line));
                        using var timeout = new CancellationTokenSource(Duration);
                        await client.Socket.SendAsync(bytes, timeout.Token);
                        Interlocked.Add(ref sent, bytes.Length);
                    }
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException)
                {
                    // Closed as expected, or blocked because its replies are not read.
                }
            }
        })));
        Assert.That(sent, Is.GreaterThan(RequestHead.BytesMax));

        bool IsOver() => Stopwatch.GetElapsedTime(startedAt) > Duration
            || Interlocked.Read(ref sent) > SentBytesMax;
    }
}
