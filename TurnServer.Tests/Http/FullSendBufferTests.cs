using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>
/// A client that stops reading until the server's send buffer is full and then sends garbage: the listener throws on
/// its own thread (dotnet/runtime#71364). Passes only with <c>ConnectionStream</c>.
/// </summary>
[Category("Process")]
internal sealed class FullSendBufferTests
{
    private const int Rounds = 5;
    private const int ClientsPerRound = 100;
    private const int RequestsMax = 100;

    // The kernel's minimum. The server's send buffer depends on it, so that 100 replies fill it.
    private const int SegmentBytes = 536;

    private const string Suppressed = "Suppressed an exception in HttpListener";

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(15);
    private static readonly byte[] Short = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray();
    private static readonly byte[] Long = "GET /x HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\n\r\n"u8.ToArray();

    [Test, Category("Slow")]
    public async Task Garbage_while_the_send_buffer_is_full_does_not_end_the_process()
    {
        await using var server = await ServerChild.StartAsync("--log-level", "debug");
        var shortBytes = await ReplyBytesAsync(server.Port, Short);
        var longBytes = await ReplyBytesAsync(server.Port, Long);
        var full = 0;
        var random = new Random(1);
        for (var round = 0; round < Rounds && !server.HasExited && !HasSuppressed(server); round++)
        {
            // Measured again each round, as a busy machine may lose requests and spoil the measurement.
            full = Math.Max(full, await FullBytesAsync(server.Port));
            var plans = Enumerable.Range(0, ClientsPerRound).Select(_ => Plan(random, shortBytes, longBytes, full));
            await PlayAsync(server, [.. plans]);
        }

        Assert.That(server.HasExited, Is.False, server.Errors);
        await using var other = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await other.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
        if (!HasSuppressed(server))
            Assert.Ignore("The machine was too busy to fill a send buffer exactly: the defect was not reproduced.");
    }

    private static bool HasSuppressed(ServerChild server) =>
        server.Errors.Contains(Suppressed, StringComparison.Ordinal);

    // Replies of two sizes in random order that come close to filling the buffer, so that some fill it exactly.
    private static List<byte[]> Plan(Random random, int shortBytes, int longBytes, int full)
    {
        var plan = new List<byte[]>();
        var target = full - 1600 + random.Next(3200);
        for (var bytes = 0; bytes < target;)
        {
            var isShort = random.Next(4) == 0;
            plan.Add(isShort ? Short : Long);
            bytes += isShort ? shortBytes : longBytes;
        }

        plan.Add("GARBAGE\r\n\r\n"u8.ToArray());
        return plan;
    }

    private static async Task PlayAsync(ServerChild server, List<byte[]>[] plans)
    {
        var clients = new List<RawHttp>();
        try
        {
            foreach (var _ in plans)
                clients.Add(await ConnectWithoutReadingAsync(server.Port));
            for (var step = 0; step < plans.Max(plan => plan.Count); step++)
            {
                for (var i = 0; i < clients.Count; i++)
                {
                    if (step < plans[i].Count)
                        await clients[i].SendAsync(plans[i][step]);
                }

                // Of two requests that arrive together the listener drops one.
                await Task.Delay(Pace);
            }
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // The server has exited; the test reports that.
        }
        finally
        {
            foreach (var client in clients)
                client.Reset();
        }
    }

    private static Task<RawHttp> ConnectWithoutReadingAsync(int port) => RawHttp.ConnectAsync(port, 1, SegmentBytes);

    private static async Task<int> ReplyBytesAsync(int port, byte[] request)
    {
        await using var client = await RawHttp.ConnectAsync(port);
        await client.SendAsync(request);
        await client.ReadReplyAsync();
        return (int)client.ReceivedBytes;
    }

    // How many bytes of replies the server can send before its send buffer is full.
    private static async Task<int> FullBytesAsync(int port)
    {
        await using var client = await ConnectWithoutReadingAsync(port);
        for (var request = 0; request < RequestsMax; request++)
        {
            await client.SendAsync(Long);
            await Task.Delay(Pace);
        }

        return QueuedBytes(client);
    }

    // Bytes that the server has sent and the client has not read, in both send and receive buffer.
    private static int QueuedBytes(RawHttp client)
    {
        var server = ((IPEndPoint)client.Socket.RemoteEndPoint!).Port;
        var own = ((IPEndPoint)client.Socket.LocalEndPoint!).Port;
        var bytes = 0;
        foreach (var line in File.ReadLines("/proc/net/tcp").Skip(1))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var (local, remote) = (PortOf(words[1]), PortOf(words[2]));
            if ((local, remote) == (server, own))
                bytes += Hex(words[4].Split(':')[0]);
            else if ((local, remote) == (own, server))
                bytes += Hex(words[4].Split(':')[1]);
        }

        return bytes;

        static int PortOf(string address) => Hex(address.Split(':')[1]);
        static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
