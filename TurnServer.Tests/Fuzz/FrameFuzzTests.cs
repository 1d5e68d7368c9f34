using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>Random frames, and frames with random faults, to a running server on which two others play.</summary>
[Category("Process")]
internal sealed class FrameFuzzTests
{
    private const int Clients = 4;
    private const int InputsPerClient = 400;
    private const int FramesMax = 8;
    private const int PayloadMax = 400;

    private static readonly string[] Lines =
    [
        "1 0,Ann,*,*,*", "2;wait=1 2,*,12,*,*", "3;received=5 6,x|y,12,0,1", "4 1,*,1,*,*", "5", "x", "",
        "6;wait=1;a=b ",
    ];

    [Test]
    public async Task No_frames_crash_the_server_end_another_game_or_leave_a_connection()
    {
        var seed = TestContext.CurrentContext.Random.Next();
        await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Seed {seed}"));
        await using var server = await FuzzedServer.StartAsync();
        await using var pair = await HonestPair.StartAsync(server.Child);
        var (_, _, sockets) = await server.CountAsync();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() =>
            SendAsync(server.Child.Port, new Random(seed + client)))));
        Assert.That(await server.FindBugOrSilenceAsync(), Is.Null, $"seed {seed}");
        var turns = pair.Turns;
        await TestWait.UntilAsync(() => pair.HasFailed || pair.Turns > turns, "the others play on");
        Assert.That(await pair.StopAsync(), Is.Null, $"seed {seed}");
        await TestWait.UntilAsync(async () => (await server.CountAsync()).Sockets <= sockets, "no connection is left");
        Assert.That(server.FindBug(), Is.Null, $"seed {seed}");
    }

    private static async Task SendAsync(int port, Random random)
    {
        for (var input = 0; input < InputsPerClient; input++)
        {
            await using var socket = await RawWebSocket.ConnectAsync(port);
            try
            {
                foreach (var piece in Draw(random).Chunk(random.Next(1, 200)))
                    await socket.SendBytesAsync(piece);
                // Some wait for the end, some leave.
                if (random.Next(4) == 0)
                    await socket.SendCloseAsync();
                if (random.Next(2) == 0)
                    socket.Reset();
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // The server has closed the connection.
            }
        }
    }

    private static byte[] Draw(Random random)
    {
        var bytes = new List<byte>();
        for (var frame = random.Next(1, FramesMax); frame > 0; frame--)
            bytes.AddRange(random.Next(5) == 0 ? Garbage(random) : Frame(random));
        // One byte wrong, or the end missing.
        var drawn = bytes.ToArray();
        if (drawn.Length > 0 && random.Next(3) == 0)
            drawn[random.Next(drawn.Length)] = (byte)random.Next(256);
        return random.Next(3) == 0 ? drawn[..random.Next(drawn.Length + 1)] : drawn;
    }

    private static byte[] Garbage(Random random)
    {
        var bytes = new byte[random.Next(40)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Frame(Random random)
    {
        var payload = random.Next(3) == 0
            ? new byte[random.Next(PayloadMax)]
            : Encoding.UTF8.GetBytes(Lines[random.Next(Lines.Length)]);
        if (random.Next(6) == 0)
            random.NextBytes(payload);
        int[] opcodes = [Opcode.Text, Opcode.Text, Opcode.Text, Opcode.Continuation, Opcode.Ping, Opcode.Pong];
        return SocketFrame.Encode(random.Next(10) == 0 ? random.Next(16) : opcodes[random.Next(opcodes.Length)],
            payload, isFinal: random.Next(4) > 0, reserved: random.Next(20) == 0 ? random.Next(8) : 0,
            isMasked: random.Next(20) > 0);
    }
}
