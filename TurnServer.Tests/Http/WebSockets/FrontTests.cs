using System.Text;
using TurnServer.Actor;
using TurnServer.Http;
using TurnServer.Http.WebSockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>The front with requests that wait until the test answers them.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FrontTests
{
    private const int LongReplyBytes = 131_072;

    private static readonly HttpOptions Options = new();
    private static readonly HttpOptions Proxied = new() { TrustProxy = true };

    [Test]
    public async Task With_512_requests_under_way_the_next_is_read_once_one_is_answered()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        await SendManyAsync(socket, WebSocketConnection.UnderWayMax + 10);
        await front.Gateway.UntilAskedAsync(WebSocketConnection.UnderWayMax);
        await AnswerOthersAsync(front);
        Assert.That(front.Gateway.Count, Is.EqualTo(WebSocketConnection.UnderWayMax));
        // The last one of the others is still counted while its reply is on its way.
        await TestWait.UntilAsync(() => front.Statistics.UnderWay == WebSocketConnection.UnderWayMax,
            "only those over the WebSocket are under way");
        front.Gateway.Asked[5].Answer("five");
        Assert.That(await socket.ReadAsync(), Is.EqualTo("5 five"));
        await front.Gateway.UntilAskedAsync(WebSocketConnection.UnderWayMax + 1);
        await AnswerOthersAsync(front);
        Assert.That(front.Gateway.Count, Is.EqualTo(WebSocketConnection.UnderWayMax + 1));
        for (var i = 0; i < WebSocketConnection.UnderWayMax + 10; i++)
        {
            await front.Gateway.UntilAskedAsync(i + 1);
            front.Gateway.Asked[i].Source.TrySetResult(HeldGateway.Reply($"{i}"));
        }

        for (var i = 0; i < WebSocketConnection.UnderWayMax + 9; i++)
            await socket.ReadAsync();
        Assert.That(front.Statistics.UnderWay, Is.Zero);
    }

    [Test]
    public async Task With_480_requests_under_way_the_next_is_not_held()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        for (var i = 0; i < WebSocketConnection.HeldMax + 2; i++)
            await socket.SendAsync($"{i};wait=20 2,*,{i},*,*");
        await front.Gateway.UntilAskedAsync(WebSocketConnection.HeldMax + 2);
        Assert.That(front.Gateway.Asked.Select(asked => asked.WaitSeconds),
            Is.EqualTo(Enumerable.Repeat(20, WebSocketConnection.HeldMax).Concat([0, 0])));
    }

    [Test]
    public async Task A_message_that_is_wrong_closes_once_those_before_it_are_answered()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        await socket.SendAsync("1 2,*,1,*,*");
        await socket.SendAsync("2;wait=20 2,*,2,*,*");
        await socket.SendAsync("without a tag");
        await front.Gateway.UntilAskedAsync(2);
        await AnswerOthersAsync(front);
        front.Gateway.Asked[0].Answer("answered");
        Assert.That(await socket.ReadAsync(), Is.EqualTo("1 answered"));
        Assert.That((await socket.ReadFrameAsync())?.Code, Is.EqualTo(1008));
        front.Gateway.Asked[1].Answer("held, and repeated by the client");
    }

    [Test]
    public async Task A_request_that_the_front_refuses_is_counted_as_one()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        await socket.SendAsync($"1 6,{new string('x', 17_000)},12,0,0");
        Assert.That(await socket.ReadAsync(), Is.EqualTo("1 20/*/*"));
        Assert.That(front.Statistics.WebSockets.Messages, Is.EqualTo(1));
        Assert.That(front.Statistics.UnderWay, Is.Zero);
    }

    [Test]
    public async Task With_four_updates_of_one_seat_under_way_the_next_is_read_once_one_is_answered()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        await socket.SendAsync("90 6,a,b,4,11,0,0");
        for (var counter = 0; counter < SeatWindow.UpdatesMax + 2; counter++)
            await socket.SendAsync($"{counter} 6,x,12,0,{counter}");
        await front.Gateway.UntilAskedAsync(SeatWindow.UpdatesMax + 1);
        await AnswerOthersAsync(front);
        Assert.That(front.Gateway.Count, Is.EqualTo(SeatWindow.UpdatesMax + 1));
        front.Gateway.Asked[0].Answer("of another seat");
        Assert.That(await socket.ReadAsync(), Is.EqualTo("90 of another seat"));
        await AnswerOthersAsync(front);
        Assert.That(front.Gateway.Count, Is.EqualTo(SeatWindow.UpdatesMax + 1));
        for (var i = 1; i < SeatWindow.UpdatesMax + 3; i++)
        {
            await front.Gateway.UntilAskedAsync(i + 1);
            front.Gateway.Asked[i].Answer($"{i}");
            Assert.That(await socket.ReadAsync(), Is.EqualTo($"{i - 1} {i}"));
        }
    }

    [TestCase("6,turn,12,0,0", "6,another|with,commas,12,1,5", true)]
    [TestCase("6,turn,12,0,0", "6,turn,13,0,0", false)]
    [TestCase("6,turn,12,0,0", "6,12,11,0,0", false)]
    public void Updates_of_one_seat_are_told_by_its_key(string one, string other, bool areOfOne) => Assert.That(
        SeatWindow.SeatOf(Encoding.ASCII.GetBytes(one)) == SeatWindow.SeatOf(Encoding.ASCII.GetBytes(other)),
        Is.EqualTo(areOfOne));

    [TestCase("5,*,12,0,*", true)]
    [TestCase("61,x,12,0,0", true)]
    [TestCase("", true)]
    [TestCase("6", true)]
    [TestCase("6,", false)]
    [TestCase("6,x", false)]
    [TestCase("6,,,", false)]
    public void Only_updates_have_a_place_in_the_window(string line, bool isNone) =>
        Assert.That(SeatWindow.SeatOf(Encoding.ASCII.GetBytes(line)) is null, Is.EqualTo(isNone));

    [Test]
    public async Task While_replies_wait_to_be_sent_nothing_is_read_and_then_all_are_answered()
    {
        const int Count = 400;
        await using var front = await FrontFixture.StartAsync(Options with { BodyTimeout = TestWait.Timeout });
        front.Gateway.AtOnce = _ => HeldGateway.Reply(new string('x', LongReplyBytes));
        var client = await RawHttp.ConnectAsync(front.Port, receiveBytes: 4096);
        await using var socket = await RawWebSocket.OpenAsync(client.Socket);
        await SendManyAsync(socket, Count);
        await front.Gateway.UntilAskedAsync(2);
        var asked = 0;
        await TestWait.UntilAsync(async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            return asked == (asked = front.Gateway.Count);
        }, "it asks no more");
        // What fits into the kernel's buffers, and three replies more.
        Assert.That(asked, Is.LessThan(Count / 2));
        for (var i = 0; i < Count; i++)
            Assert.That(await socket.ReadAsync(), Has.Length.GreaterThan(LongReplyBytes));
        Assert.That(front.Gateway.Count, Is.EqualTo(Count));
    }

    [Test]
    public async Task A_request_whose_outcome_is_unknown_ends_its_connection_without_a_close_frame()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        await using var other = await RawWebSocket.ConnectAsync(front.Port);
        await SendManyAsync(socket, 2);
        await front.Gateway.UntilAskedAsync(2);
        front.Gateway.Asked[1].Source.SetException(new OutcomeUnknownException());
        Assert.That(await socket.ReadCloseAsync(), Is.Null);
        await front.UntilEndedAsync(SocketEnd.UnknownOutcome);
        front.Gateway.Asked[0].Answer("late");
        Assert.That(front.Log.Entries.Where(entry => entry.Exception is not null), Is.Empty);
        await other.SendAsync("9 x");
        await front.Gateway.UntilAskedAsync(3);
        front.Gateway.Asked[2].Answer("y");
        Assert.That(await other.ReadAsync(), Is.EqualTo("9 y"));
    }

    [Test]
    public async Task A_bug_ends_its_connection_alone_and_is_an_error_in_the_log()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        await using var other = await RawWebSocket.ConnectAsync(front.Port);
        await socket.SendAsync("1 x");
        await front.Gateway.UntilAskedAsync(1);
        front.Gateway.Asked[0].Source.SetException(new FormatException("a bug"));
        Assert.That(await socket.ReadCloseAsync(), Is.Null);
        await front.UntilEndedAsync(SocketEnd.Failed);
        Assert.That(front.Log.Entries.Count(entry => entry.Exception is FormatException), Is.EqualTo(1));
        // It counts as ended a moment before it is closed.
        await TestWait.UntilAsync(() => front.Statistics.WebSockets.Open == 1, "only the other connection is open");
    }

    [Test]
    public async Task Requests_over_the_limit_of_an_address_get_22_over_any_of_its_connections()
    {
        await using var front = await FrontFixture.StartAsync(Proxied with { RequestsPerSecond = 2 });
        front.Gateway.AtOnce = line => HeldGateway.Reply(line);
        await using var one = await RawWebSocket.ConnectAsync(front.Port, "X-Forwarded-For: 192.0.2.1");
        await using var two = await RawWebSocket.ConnectAsync(front.Port, "X-Forwarded-For: 192.0.2.1");
        await using var other = await RawWebSocket.ConnectAsync(front.Port, "X-Forwarded-For: 192.0.2.2");
        var replies = new List<(string, string)>();
        for (var i = 0; i < 20; i++)
            replies.Add(await (i % 2 == 0 ? one : two).AskForAllAsync("line"));
        Assert.That(replies, Has.Some.EqualTo((";retry=1", "22/*/*")));
        Assert.That(replies.Distinct(), Is.SubsetOf(new[] { ("", "line"), (";retry=1", "22/*/*") }));
        Assert.That(await other.AskForAllAsync("line"), Is.EqualTo(("", "line")));
        Assert.That(front.Gateway.Asked[^1].From, Is.Not.EqualTo(front.Gateway.Asked[0].From));
    }

    [Test]
    public async Task An_address_has_so_many_WebSockets_and_gets_429_for_the_next()
    {
        await using var front = await FrontFixture.StartAsync(Proxied with { ConnectionsPerAddressMax = 2 });
        const string From = "X-Forwarded-For: 192.0.2.1";
        await using var one = await RawWebSocket.ConnectAsync(front.Port, From);
        var two = await RawWebSocket.ConnectAsync(front.Port, From);
        await using var client = await RawHttp.ConnectAsync(front.Port);
        var refused = await client.GetAsync("GET / HTTP/1.1", [.. RawWebSocket.Headers, From]);
        Assert.That((refused.Status, refused.Body), Is.EqualTo((429, "too many WebSockets from this address")));
        await using var other = await RawWebSocket.ConnectAsync(front.Port, "X-Forwarded-For: 192.0.2.2");
        Assert.That(front.Statistics.WebSockets.Refused, Is.EqualTo(1));
        two.Reset();
        await front.UntilEndedAsync(SocketEnd.Lost);
        await TestWait.UntilAsync(() => front.Statistics.WebSockets.Open == 2, "it is no longer counted");
        await using var again = await RawWebSocket.ConnectAsync(front.Port, From);
        await TestWait.UntilAsync(() => front.Statistics.WebSockets.Open == 3, "there is room for another");
    }

    [Test]
    public async Task An_upgrade_over_the_limit_of_requests_is_refused_like_any_request()
    {
        await using var front = await FrontFixture.StartAsync(Proxied with { RequestsPerSecond = 1 });
        var statuses = new List<int>();
        for (var i = 0; i < 10; i++)
        {
            await using var client = await RawHttp.ConnectAsync(front.Port);
            var reply = await client.GetAsync("GET / HTTP/1.1",
                [.. RawWebSocket.Headers, "X-Forwarded-For: 192.0.2.1"]);
            statuses.Add(reply.Status);
        }

        Assert.That(statuses.Distinct(), Is.EquivalentTo(new[] { 101, 429 }));
    }

    [Test]
    public async Task A_front_that_stops_answers_what_it_took_and_then_closes_with_1001()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        await using var idle = await RawWebSocket.ConnectAsync(front.Port);
        await using var later = await RawHttp.ConnectAsync(front.Port);
        await later.GetAsync("GET /waiting HTTP/1.1");
        await SendManyAsync(socket, 2);
        await front.Gateway.UntilAskedAsync(2);
        front.Stop();
        var close = await idle.ReadFrameAsync();
        Assert.That((close?.Code, close?.Reason), Is.EqualTo((1001, "the server is stopping")));
        var refused = await later.GetAsync("GET / HTTP/1.1", RawWebSocket.Headers);
        Assert.That((refused.Status, refused.Body), Is.EqualTo((503, "the server is stopping")));
        // Not taken any more: the client repeats it elsewhere.
        await socket.SendAsync("3 x");
        front.Gateway.Asked[1].Answer("one");
        Assert.That(await socket.ReadAsync(), Is.EqualTo("1 one"));
        front.Gateway.Asked[0].Answer("zero");
        Assert.That(await socket.ReadAsync(), Is.EqualTo("0 zero"));
        Assert.That((await socket.ReadFrameAsync())?.Code, Is.EqualTo(1001));
        await socket.SendCloseAsync(1001);
        Assert.That(await TestWait.ForAsync(front.DrainAsync()), Is.Zero);
        Assert.That(front.Gateway.Count, Is.EqualTo(2));
        Assert.That(front.Ended(SocketEnd.Stopping), Is.EqualTo(2));
    }

    // The finalizer of the listener's own WebSocket would close the connection, after a second reply 101.
    [Test]
    public async Task A_WebSocket_survives_a_garbage_collection()
    {
        await using var front = await FrontFixture.StartAsync(Options);
        front.Gateway.AtOnce = line => HeldGateway.Reply(line);
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await socket.AskAsync("line"), Is.EqualTo("line"));
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.That(await socket.AskAsync("line"), Is.EqualTo("line"));
    }

    private static Task SendManyAsync(RawWebSocket socket, int count) => socket.SendBytesAsync(
        Enumerable.Range(0, count).SelectMany(tag => SocketFrame.Message($"{tag} line{tag}")).ToArray());

    // Time for what could come to come, and for others to be served meanwhile.
    private static async Task AnswerOthersAsync(FrontFixture front)
    {
        await using var other = await RawHttp.ConnectAsync(front.Port);
        for (var i = 0; i < 50; i++)
            Assert.That((await other.GetAsync("GET /waiting HTTP/1.1")).Body, Is.EqualTo("0 0"));
    }
}
