using System.Globalization;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>Requests and replies over WebSockets (PROTOCOL.md, "Over a WebSocket").</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ConnectionTests() : ServerFixture("--log-level", "debug")
{
    private const int PipelinedCount = 3000;
    private const int ServedCount = 50;

    [Test]
    public async Task Two_players_on_one_connection_play_a_game()
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        var (ann, bob) = await SocketGames.StartAsync(socket, "Both");
        Assert.That(await socket.AskAsync($"6,a0,{ann},0"), Is.EqualTo("0/10/*"));
        Assert.That(await socket.AskAsync($"6,b0,{bob},0"), Is.EqualTo("0/9/a0"));
        Assert.That(await socket.AskAsync($"6,a1|a2,{ann},1"), Is.EqualTo("0/9/b0"));
        Assert.That(await socket.AskAsync($"6,,{bob},1"), Is.EqualTo("0/9/a1|a2"));
    }

    [Test]
    public async Task A_game_changes_between_HTTP_and_WebSocket_with_each_turn()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Mixed");
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        for (var counter = 0; counter < 10; counter++)
        {
            var (one, other) = (pair.Update(0, counter, $"a{counter}"), pair.Update(1, counter, $"b{counter}"));
            var byHttp = counter % 2;
            var replies = byHttp == 0
                ? [(await pair.Players[0].PostAsync(one)).Body, await socket.AskAsync(other)]
                : new[] { await socket.AskAsync(one), (await pair.Players[1].PostAsync(other)).Body };
            Assert.That(replies[0], Is.EqualTo(counter == 0 ? "0/10/*" : $"0/9/b{counter - 1}"));
            Assert.That(replies[1], Is.EqualTo($"0/9/a{counter}"));
        }

        // What one has taken, the other knows.
        Assert.That(await socket.AskAsync(pair.Update(0, 9, "again")), Is.EqualTo("0/11/b8|b9"));
        Assert.That((await pair.Players[0].PostAsync(pair.Update(0, 9, "again"))).Body, Is.EqualTo("0/11/b8|b9"));
    }

    [Test]
    public async Task A_held_reply_keeps_no_other_request_waiting_and_comes_with_the_news()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "HeldWs");
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        await socket.SendAsync($"901;wait=20 {pair.Update(0, 0, "")}");
        Assert.That(await socket.AskAsync("1,*,1,*,*"), Is.EqualTo("5/*/*"));
        await pair.Players[1].PostAsync(pair.Update(1, 0, "news"));
        Assert.That(await socket.ReadAsync(), Does.Match(@"\A901;wait=20;silent=\d+ 0/9/news\z"));
    }

    [Test]
    public async Task A_request_by_HTTP_ends_the_hold_of_one_by_WebSocket_and_the_reverse()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync("0,Twice,*,Nobody,*");
        await socket.SendAsync($"77;wait=20 2,*,{key},*,*");
        // Once a later request is answered, the first is in the table.
        await socket.AskAsync("1,*,1,*,*");
        await client.SendAsync(RawHttp.Post($"2,*,{key},*,*", "Prefer: wait=20"));
        Assert.That(await socket.ReadAsync(), Is.EqualTo("77;wait=20 0/2/*"));
        Assert.That(await socket.AskAsync($"2,*,{key},*,*"), Is.EqualTo("0/2/*"));
        var held = await client.ReadReplyAsync();
        Assert.That((held.Body, held["Preference-Applied"]), Is.EqualTo(("0/2/*", "wait=20")));
    }

    [Test]
    public async Task Parameters_stand_for_the_headers()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Params");
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        await socket.AskAsync(pair.Update(1, 0, "b0"));
        await socket.AskAsync(pair.Update(1, 1, "b1"));
        Assert.That(await socket.AskAsync(pair.Update(0, 0, "a0")), Is.EqualTo("0/9/b0|b1"));
        var partly = await socket.AskForAllAsync(pair.Update(0, 1, ""), ";received=2");
        var again = await socket.AskForAllAsync(pair.Update(0, 1, ""));
        var wrong = await socket.AskForAllAsync(pair.Update(0, 9, ""));
        var malformed = await socket.AskForAllAsync(pair.Update(0, 2, ""), ";received=all");
        var twice = await socket.AskForAllAsync(pair.Update(0, 2, ""), ";received=2;received=2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That($"{partly}", Does.Match(@"\A\(;silent=\d+, 0/9/b1\)\z"));
            Assert.That($"{again}", Does.Match(@"\A\(;taken=1;acknowledged=1;silent=\d+, 0/11/b1\)\z"));
            Assert.That(wrong, Is.EqualTo((";counter=1;taken=1;acknowledged=1", "19/*/*")));
            Assert.That(malformed, Is.EqualTo(("", "4/2/*")));
            Assert.That(twice, Is.EqualTo(("", "4/2/*")));
        }
    }

    [Test]
    public async Task All_requests_of_a_segment_are_answered()
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        var sending = socket.SendBytesAsync(Enumerable.Range(0, PipelinedCount)
            .SelectMany(tag => SocketFrame.Message($"{tag} 1,*,1,*,*")).ToArray());
        var tags = new HashSet<int>();
        for (var i = 0; i < PipelinedCount; i++)
        {
            var reply = (await socket.ReadAsync()).Split(' ');
            Assert.That(reply[1], Is.EqualTo("5/*/*"));
            tags.Add(int.Parse(reply[0], CultureInfo.InvariantCulture));
        }

        await sending;
        Assert.That(tags, Has.Count.EqualTo(PipelinedCount));
    }

    // WebSockets share the thread of the sockets' events, and a connection that always has something to read must leave
    // it. On a machine with few cores there is one such thread.
    [Test]
    public async Task A_connection_that_floods_keeps_no_other_from_being_served()
    {
        await using var flooding = await RawWebSocket.ConnectAsync(Server.Port);
        await using var other = await RawWebSocket.ConnectAsync(Server.Port);
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var requests = Enumerable.Range(0, PipelinedCount).SelectMany(_ => SocketFrame.Message("1 1,*,1,*,*"))
            .ToArray();
        using var end = new CancellationTokenSource();
        var sent = 0L;
        var sending = SendAsync();
        var reading = flooding.ReadToEndAsync();
        for (var i = 0; i < ServedCount; i++)
        {
            Assert.That(await other.AskAsync("1,*,1,*,*"), Is.EqualTo("5/*/*"));
            Assert.That((await client.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
        }

        Assert.That((sending.IsCompleted, reading.IsCompleted), Is.EqualTo((false, false)));
        Assert.That(Volatile.Read(ref sent), Is.Positive);
        await end.CancelAsync();
        await sending;
        await flooding.SendCloseAsync();
        await reading;

        async Task SendAsync()
        {
            while (!end.IsCancellationRequested)
            {
                await flooding.SendBytesAsync(requests);
                Interlocked.Increment(ref sent);
            }
        }
    }

    // In one segment, so that the second is there before the first is answered.
    [Test]
    public async Task Requests_are_handled_in_their_order()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Ordered");
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        await socket.SendBytesAsync(Enumerable.Range(0, 100)
            .SelectMany(i => SocketFrame.Message($"{i} {pair.Update(0, i, $"t{i}")}")).ToArray());
        for (var i = 0; i < 100; i++)
            Assert.That(await socket.ReadAsync(), Does.EndWith(" 0/10/*"));
        var turns = string.Join('|', Enumerable.Range(0, 100).Select(i => $"t{i}"));
        Assert.That(await socket.AskAsync(pair.Update(1, 0, "")), Is.EqualTo($"0/9/{turns}"));
    }

    [TestCase("0,Ann,*,*,*")]
    [TestCase("hello")]
    [TestCase("123456789 1,*,1,*,*")]
    [TestCase("1;wait 1,*,1,*,*")]
    [TestCase("7")]
    [TestCase(" 1,*,1,*,*")]
    public async Task A_message_without_a_tag_closes_with_1008(string message)
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        await socket.SendAsync("5 1,*,1,*,*");
        await socket.SendAsync(message);
        Assert.That(await socket.ReadAsync(), Is.EqualTo("5 5/*/*"));
        var close = await socket.ReadFrameAsync();
        Assert.That((close?.Opcode, close?.Code), Is.EqualTo((Opcode.Close, 1008)));
        Assert.That(close!.Reason, Does.Contain("TAG LINE"));
        await socket.ReadToEndAsync();
    }

    [TestCase(16_384, "13/*/*")]
    [TestCase(16_385, "20/*/*")]
    [TestCase(16_513, "20/*/*")]
    [TestCase(100_000, "20/*/*")]
    [TestCase(1024 * 1024, "20/*/*")]
    public async Task A_line_that_is_too_long_gets_20_and_the_connection_serves_on(int length, string reply)
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        const string End = ",1,0,0";
        Assert.That(await socket.AskAsync($"6,{new string('x', length - 2 - End.Length)}{End}"), Is.EqualTo(reply));
        Assert.That(await socket.AskAsync("1,*,1,*,*"), Is.EqualTo("5/*/*"));
    }

    [Test]
    public async Task A_message_without_end_closes_with_1009([Values] bool inFragments)
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        var sent = inFragments
            ? Enumerable.Range(0, 40).SelectMany(i => SocketFrame.Encode(i == 0 ? Opcode.Text : Opcode.Continuation,
                Encoding.ASCII.GetBytes("1 ".PadRight(40_000, 'x')), isFinal: false)).ToArray()
            : SocketFrame.Encode(Opcode.Text, Encoding.ASCII.GetBytes("1 ".PadRight(1_600_000, 'x')));
        var sending = socket.SendBytesAsync(sent);
        var close = await socket.ReadCloseAsync();
        Assert.That((close?.Code, close?.Reason), Is.EqualTo((1009, "message too long")));
        await sending.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Test]
    public async Task A_lost_connection_means_nothing_to_the_game([Values] bool isReset)
    {
        await using var pair = await RawPair.StartAsync(Server.Port, $"Lost{isReset}");
        var socket = await RawWebSocket.ConnectAsync(Server.Port);
        await socket.SendAsync($"1;wait=20 {pair.Update(0, 0, "turn")}");
        await socket.AskAsync("1,*,1,*,*");
        if (isReset)
            socket.Reset();
        else
            await socket.DisposeAsync();
        Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 0, "reply"))).Body, Is.EqualTo("0/9/turn"));
        await using var next = await RawWebSocket.ConnectAsync(Server.Port);
        // Given up: the reply that was held has taken the turn with it, and is repeated.
        Assert.That(await next.AskAsync(pair.Update(0, 0, "turn")), Is.EqualTo("0/11/reply"));
    }

    [Test]
    public async Task More_control_frames_than_allowed_close_with_1008([Values] bool areFragments)
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        var frame = areFragments
            ? SocketFrame.Encode(Opcode.Continuation, [], isFinal: false)
            : SocketFrame.Encode(Opcode.Ping, []);
        await socket.SendBytesAsync(SocketFrame.Encode(Opcode.Text, "1 "u8, isFinal: false));
        var sending = socket.SendBytesAsync(Enumerable.Repeat(frame, 20_000).SelectMany(bytes => bytes).ToArray());
        var close = await socket.ReadCloseAsync();
        Assert.That((close?.Code, close?.Reason),
            Is.EqualTo((1008, "too many control frames or small fragments")));
        await sending.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Test]
    public async Task No_way_to_break_a_connection_is_an_error_in_the_log()
    {
        var mask = SocketFrame.Message("1 1,*,1,*,*");
        for (var length = 0; length <= mask.Length; length++)
        {
            var socket = await RawWebSocket.ConnectAsync(Server.Port);
            await socket.SendBytesAsync(mask.AsMemory(0, length));
            if (length % 2 == 0)
                socket.Reset();
            else
                await socket.DisposeAsync();
        }

        await using var other = await RawWebSocket.ConnectAsync(Server.Port);
        Assert.That(await other.AskAsync("1,*,1,*,*"), Is.EqualTo("5/*/*"));
        Assert.That(Server.Errors, Does.Not.Contain("error:").And.Not.Contain("crit"));
    }
}
