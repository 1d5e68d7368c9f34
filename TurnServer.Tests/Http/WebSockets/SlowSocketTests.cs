using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>Clients that are slow or silent. Their connections end without a close frame.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SlowSocketTests() : ServerFixture("--body-timeout", "1", "--ping-interval", "1",
    "--log-level", "debug")
{
    private const int Answered = 5;

    [Test]
    public async Task A_client_that_answers_pings_keeps_its_connection()
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        // More than three intervals.
        for (var ping = 0; ping < Answered; ping++)
        {
            var frame = await socket.ReadFrameAsync();
            Assert.That(frame?.Opcode, Is.EqualTo(Opcode.Ping), $"ping {ping}");
            await socket.SendBytesAsync(SocketFrame.Encode(Opcode.Pong, frame!.Payload));
        }

        Assert.That(await socket.AskAsync("1,*,1,*,*"), Is.EqualTo("5/*/*"));
    }

    [Test]
    public async Task A_client_that_does_not_is_cut_off()
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        Assert.That((await socket.ReadFrameAsync())?.Opcode, Is.EqualTo(Opcode.Ping));
        Assert.That(await socket.ReadCloseAsync(), Is.Null);
        await Server.WaitForLogAsync("WebSocket ended: Silent");
    }

    // A ping cannot be answered in the middle of a frame: it is the time for a message that ends this.
    [TestCase(1, Description = "in the head of a frame")]
    [TestCase(5, Description = "in the mask")]
    [TestCase(9, Description = "in the payload")]
    public async Task A_frame_that_stops_is_given_up(int length)
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        await socket.SendBytesAsync(SocketFrame.Message("1 1,*,1,*,*").AsMemory(0, length));
        Assert.That(await socket.ReadCloseAsync(), Is.Null);
        await Server.WaitForLogAsync("WebSocket ended: Slow");
    }

    [Test]
    public async Task A_message_that_stops_between_frames_is_given_up_although_pings_are_answered()
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        await socket.SendBytesAsync(SocketFrame.Encode(Opcode.Text, "1 1,*"u8, isFinal: false));
        while (await socket.ReadFrameAsync() is { } frame)
        {
            Assert.That(frame.Opcode, Is.EqualTo(Opcode.Ping));
            await IgnoreBrokenAsync(socket.SendBytesAsync(SocketFrame.Encode(Opcode.Pong, frame.Payload)));
        }
    }

    [Test]
    public async Task A_frame_that_comes_a_byte_at_a_time_is_given_up()
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        var frame = SocketFrame.Message($"1 {new string('x', 16_000)}");
        var ended = socket.ReadToEndAsync();
        // Without the limit this would take 16,000 pauses.
        for (var i = 0; i < frame.Length && !ended.IsCompleted; i++)
        {
            await IgnoreBrokenAsync(socket.SendBytesAsync(frame.AsMemory(i, 1)));
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(20)));
        }

        await ended;
    }

    [Test]
    public async Task A_client_that_does_not_read_is_cut_off_and_disturbs_no_other()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "UnreadWs");
        var turn = new string('x', 16_000);
        for (var counter = 0; counter < 8; counter++)
            await pair.Players[0].PostAsync(pair.Update(0, counter, turn));
        await pair.Players[1].PostAsync(pair.Update(1, 0, ""));
        var client = await RawHttp.ConnectAsync(Server.Port, receiveBytes: 4096);
        await using var socket = await RawWebSocket.OpenAsync(client.Socket);
        // Each reply repeats the whole block of 128,000 bytes: more than the kernel's buffers hold.
        var again = SocketFrame.Message($"1 {pair.Update(1, 0, "")}");
        await socket.SendBytesAsync(Enumerable.Repeat(again, 200).SelectMany(bytes => bytes).ToArray());
        await using var other = await RawWebSocket.ConnectAsync(Server.Port);
        Assert.That(await other.AskAsync("1,*,1,*,*"), Is.EqualTo("5/*/*"));
        await Server.WaitForLogAsync("WebSocket ended: Slow");
        await IgnoreBrokenAsync(socket.ReadToEndAsync());
        Assert.That(Server.Errors, Does.Not.Contain("error:"));
    }

    private static async Task IgnoreBrokenAsync(Task sending)
    {
        try
        {
            await sending;
        }
        catch (IOException)
        {
            // The server has closed the connection.
        }
    }
}
