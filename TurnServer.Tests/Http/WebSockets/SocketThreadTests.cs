using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>
/// Which threads serve WebSockets. This process has one that waits for the events of sockets, or one for every thirty
/// cores, which serves all of them and the tests' own.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SocketThreadTests
{
    private const string EventThread = ".NET Sockets";
    private const int LongReplyBytes = 131_072;
    private const int UnreadRequests = 100;
    private const int PipelinedCount = 3000;
    private const int AskedCount = 50;

    [Test]
    public async Task Messages_are_handled_on_the_thread_of_the_sockets_events()
    {
        await using var front = await StartAsync();
        Assert.That((ListenerInternals.Available, ListenerInternals.CanCompleteInline), Is.EqualTo((true, true)));
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        // Not one that was there before the server waited for it.
        var threads = new List<string>();
        for (var i = 0; i < AskedCount; i++)
            threads.Add(await socket.AskAsync("thread"));
        Assert.That(threads, Has.Some.EqualTo(EventThread));
    }

    [Test]
    public async Task Requests_over_HTTP_are_not_as_the_listener_may_block()
    {
        await using var front = await StartAsync();
        await using var client = await RawHttp.ConnectAsync(front.Port);
        for (var i = 0; i < AskedCount; i++)
            Assert.That((await client.PostAsync("thread")).Body, Is.Not.EqualTo(EventThread));
    }

    [Test]
    public async Task A_connection_that_always_has_something_to_read_leaves_that_thread()
    {
        await using var front = await StartAsync();
        await using var socket = await RawWebSocket.ConnectAsync(front.Port);
        var sending = socket.SendBytesAsync(Enumerable.Range(0, PipelinedCount)
            .SelectMany(_ => SocketFrame.Message("1 thread")).ToArray());
        var threads = new HashSet<string>();
        for (var i = 0; i < PipelinedCount; i++)
            threads.Add(await socket.ReadAsync());
        await sending;
        Assert.That(threads, Has.Some.Not.EqualTo($"1 {EventThread}"));
    }

    [Test]
    public async Task A_client_that_reads_nothing_keeps_no_other_from_being_served()
    {
        await using var front = await StartAsync();
        var client = await RawHttp.ConnectAsync(front.Port, receiveBytes: 4096);
        await using var unread = await RawWebSocket.OpenAsync(client.Socket);
        await using var other = await RawWebSocket.ConnectAsync(front.Port);
        var requests = Enumerable.Range(0, UnreadRequests).SelectMany(_ => SocketFrame.Message("1 long")).ToArray();
        await unread.SendBytesAsync(requests);
        await front.Gateway.UntilAskedAsync(2);
        for (var i = 0; i < AskedCount; i++)
            await other.AskAsync("thread");
        // The kernel keeps a few replies for it.
        Assert.That(front.Gateway.Asked.Count(asked => asked.Line == "long"), Is.LessThan(UnreadRequests));
    }

    private static async Task<FrontFixture> StartAsync()
    {
        // NUnit's synchronization context would have the server's code resume on yet another thread.
        var front = await Task.Run(() => FrontFixture.StartAsync(new HttpOptions { BodyTimeout = TestWait.Timeout }));
        front.Gateway.AtOnce = line =>
            HeldGateway.Reply(line == "long" ? new string('x', LongReplyBytes) : Thread.CurrentThread.Name ?? "none");
        return front;
    }
}
