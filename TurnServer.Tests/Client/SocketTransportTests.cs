using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>How requests share a WebSocket and survive its loss, with a stub server.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SocketTransportTests
{
    private readonly HttpClient _http = TurnClient.CreateHttp();

    [OneTimeTearDown]
    public void DisposeHttp() => _http.Dispose();

    [Test]
    public async Task Requests_share_a_connection_and_are_told_apart_by_their_tags()
    {
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            var (first, second) = (await TagAsync(socket, stop), await TagAsync(socket, stop));
            await SocketHandshake.SendAsync(socket, $"{second} 0/9/second", stop);
            await SocketHandshake.SendAsync(socket, $"{first};wait=3 0/9/first", stop);
            await SocketHandshake.ReadAsync(socket, stop);
        });
        var transport = Transport(server);
        var held = transport.TryAsync(Update("a", 3), default);
        var newer = await transport.TryAsync(Update("b"), default).WaitAsync(TestWait.Timeout);
        Assert.That(Data(newer), Is.EqualTo("second"));
        var older = await held.WaitAsync(TestWait.Timeout);
        Assert.That((Data(older), older.Reply!.Value.WasHeld), Is.EqualTo(("first", true)));
        Assert.That(server.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task A_request_that_nobody_waits_for_any_more_leaves_the_connection_to_others()
    {
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            var (first, second) = (await TagAsync(socket, stop), await TagAsync(socket, stop));
            await SocketHandshake.SendAsync(socket, $"{first} 0/9/first", stop);
            await SocketHandshake.SendAsync(socket, $"{second} 0/9/second", stop);
            await SocketHandshake.ReadAsync(socket, stop);
        });
        var transport = Transport(server);
        using var cancel = new CancellationTokenSource();
        var held = transport.TryAsync(Update("a", 3), cancel.Token);
        await cancel.CancelAsync();
        Assert.That(async () => await held, Throws.InstanceOf<OperationCanceledException>());
        // If it was cancelled before it was sent, the stub waits for one more.
        var others = new[] { transport.TryAsync(Update("b"), default), transport.TryAsync(Update("c"), default) };
        var first = await Task.WhenAny(others).WaitAsync(TestWait.Timeout);
        Assert.That(Data(await first), Is.AnyOf("first", "second"));
        Assert.That(server.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task A_lost_connection_loses_what_is_under_way_and_the_next_request_opens_another()
    {
        await using var server = new SocketServer(async (socket, number, stop) =>
        {
            var tags = new[] { await TagAsync(socket, stop), await TagAsync(socket, stop) };
            if (number == 0)
                return;
            foreach (var tag in tags)
                await SocketHandshake.SendAsync(socket, $"{tag} 0/10/*", stop);
            await SocketHandshake.ReadAsync(socket, stop);
        });
        var transport = Transport(server);
        var lost = await TryTwoAsync();
        Assert.That(lost.Select(attempt => (attempt.IsFinal, attempt.Reply.HasValue)), Has.All.EqualTo((false, false)));
        Assert.That(lost.Select(attempt => attempt.Loss), Has.All.Not.Empty);
        var again = await TryTwoAsync();
        Assert.That(again.Select(attempt => attempt.Reply?.Code), Has.All.EqualTo(ReplyCode.GameNoData));
        Assert.That(server.Connections, Is.EqualTo(2));

        Task<RequestAttempt[]> TryTwoAsync() =>
            Task.WhenAll(transport.TryAsync(Update("a"), default), transport.TryAsync(Update("b"), default));
    }

    [Test]
    public async Task A_request_that_is_overdue_is_repeated_with_the_same_bytes_over_a_new_connection()
    {
        var lines = new ConcurrentQueue<string>();
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            while (await SocketHandshake.ReadAsync(socket, stop) is { } message)
            {
                lines.Enqueue(message[message.IndexOf(';', StringComparison.Ordinal)..]);
                if (lines.Count > 1)
                    await SocketHandshake.SendAsync(socket, $"{message.Split(';')[0]} 0/10/*", stop);
            }
        });
        var options = new TurnClientOptions { ReplyTimeout = TimeSpan.FromMilliseconds(200) };
        var sender = new RequestSender(Transport(server), options);
        var update = Update("a") with { ReceivedBytes = 7 };
        var outcome = await sender.SendAsync(update, default).WaitAsync(TestWait.Timeout);
        Assert.That(outcome.Reply.Code, Is.EqualTo(ReplyCode.GameNoData));
        Assert.That(lines, Has.Count.GreaterThan(1).And.All.EqualTo(";received=7 6,a,17,0,0"));
        Assert.That(server.Connections, Is.GreaterThan(1));
    }

    [Test]
    public async Task A_request_after_one_that_is_overdue_goes_over_a_new_connection()
    {
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            while (await SocketHandshake.ReadAsync(socket, stop) is { } message)
            {
                if (message.Contains("6,b,", StringComparison.Ordinal))
                    await SocketHandshake.SendAsync(socket, $"{message.Split(' ', ';')[0]} 0/9/second", stop);
            }
        });
        var transport = Transport(server);
        using var timeout = new CancellationTokenSource();
        var overdue = transport.TryAsync(Update("a"), timeout.Token);
        await timeout.CancelAsync();
        Assert.That(async () => await overdue, Throws.InstanceOf<OperationCanceledException>());
        transport.NoteOverdue();
        var next = await transport.TryAsync(Update("b"), default).WaitAsync(TestWait.Timeout);
        Assert.That((next.Reply?.Code, next.Loss), Is.EqualTo(((ReplyCode?)ReplyCode.GameData, (string?)null)));
    }

    [Test]
    public async Task The_reason_of_a_server_that_closes_is_reported()
    {
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            await TagAsync(socket, stop);
            await socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "the server is stopping", stop);
        });
        var attempt = await Transport(server).TryAsync(Update("a"), default).WaitAsync(TestWait.Timeout);
        Assert.That((attempt.IsFinal, attempt.Loss),
            Is.EqualTo((false, "the connection was closed: the server is stopping")));
    }

    [Test]
    public async Task A_busy_server_is_asked_again_after_the_time_that_it_asks_for()
    {
        var clock = new SkippingClock(TimeSpan.FromSeconds(9));
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            await SocketHandshake.SendAsync(socket, $"{await TagAsync(socket, stop)};retry=1 23/*/*", stop);
            await SocketHandshake.SendAsync(socket, $"{await TagAsync(socket, stop)} 0/10/*", stop);
            await SocketHandshake.ReadAsync(socket, stop);
        });
        var options = new TurnClientOptions { Time = clock, ReplyTimeout = TimeSpan.FromMinutes(1) };
        var sender = new RequestSender(Transport(server, clock), options);
        var outcome = await sender.SendAsync(Update("a"), default).WaitAsync(TestWait.Timeout);
        Assert.That(outcome.Reply.Code, Is.EqualTo(ReplyCode.GameNoData));
        Assert.That((clock.Pauses, server.Connections), Is.EqualTo((new[] { TimeSpan.FromSeconds(1) }, 1)));
    }

    [Test]
    public async Task An_idle_connection_is_closed_in_order_and_opened_again_when_needed()
    {
        var clock = new FakeTimeProvider();
        var closed = new TaskCompletionSource<WebSocketCloseStatus?>();
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            await SocketHandshake.SendAsync(socket, $"{await TagAsync(socket, stop)} 0/10/*", stop);
            await SocketHandshake.ReadAsync(socket, stop);
            closed.TrySetResult(socket.CloseStatus);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop);
        });
        var transport = Transport(server, clock);
        Assert.That((await transport.TryAsync(Update("a"), default)).Reply, Is.Not.Null);
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.That(closed.Task.IsCompleted, Is.False);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await closed.Task.WaitAsync(TestWait.Timeout), Is.EqualTo(WebSocketCloseStatus.NormalClosure));
        Assert.That((await transport.TryAsync(Update("b"), default)).Reply, Is.Not.Null);
        Assert.That(server.Connections, Is.EqualTo(2));
    }

    private static OutgoingRequest Update(string turn, int wait = 0) =>
        new(ClientPair.Bytes($"6,{turn},17,0,0"), TimeSpan.FromSeconds(wait));

    private static string Data(RequestAttempt attempt) => WireText.Of(attempt.Reply!.Value.Data.Span);

    private static async Task<string> TagAsync(WebSocket socket, CancellationToken stop) =>
        (await SocketHandshake.ReadAsync(socket, stop) ?? "").Split(' ', ';')[0];

    private SocketTransport Transport(SocketServer server, TimeProvider? time = null) =>
        new(_http, server.Url, 2 * TestWait.Timeout, time ?? TimeProvider.System);
}
