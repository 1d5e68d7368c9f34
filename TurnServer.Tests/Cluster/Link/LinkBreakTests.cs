using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster;
using TurnServer.Cluster.Link;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Link;

/// <summary>Links that break, and peers that fall silent.</summary>
internal sealed class LinkBreakTests
{
    private readonly FakeTimeProvider _clock = new();

    [Test]
    public async Task AskAsync_OfAServerThatGoesAway_IsUnknown_AndLaterNotTaken()
    {
        using var server = new RawLinkServer();
        var (client, raw) = await server.AdmitAsync(_clock);
        var asking = client.AskAsync(LinkFixture.Request("a")).AsTask();
        Assert.That((await raw.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Request));
        raw.Dispose();
        Assert.That((await TestWait.ForAsync(asking)).Outcome, Is.EqualTo(ForwardOutcome.Unknown));
        Assert.That(await TestWait.ForAsync(client.Closed), Is.Not.Empty);
        var later = await client.AskAsync(LinkFixture.Request("b"));
        Assert.That(later.Outcome, Is.EqualTo(ForwardOutcome.NotTaken));
        client.Dispose();
    }

    [Test]
    public async Task AskAsync_WhenTheConnectionBreaks_IsNotTakenOnlyIfNothingWasSent()
    {
        // More than the socket buffers of both sides take.
        const int Count = 3000;
        using var server = new RawLinkServer();
        var (client, raw) = await server.AdmitAsync(_clock);
        var body = new string('x', 16384);
        var asking = Enumerable.Range(0, Count)
            .Select(_ => client.AskAsync(LinkFixture.Request(body)).AsTask()).ToList();
        await raw.ReceiveAsync();
        client.Dispose();
        var answers = await TestWait.ForAsync(Task.WhenAll(asking));
        var unknown = answers.TakeWhile(answer => answer.Outcome == ForwardOutcome.Unknown).Count();
        Assert.That(unknown, Is.InRange(1, Count - 1));
        Assert.That(answers.Skip(unknown).Select(answer => answer.Outcome), Is.All.EqualTo(ForwardOutcome.NotTaken));
        var received = 1;
        while (await raw.ReceiveAsync() is not null)
            received++;
        Assert.That(received, Is.LessThanOrEqualTo(unknown));
        raw.Dispose();
    }

    [Test]
    public async Task Client_SentAMalformedAnswer_ClosesTheConnection()
    {
        byte[][] malformed =
        [
            RawLink.Frame(LinkFrameType.Answer, [1, 2, 3]),
            RawLink.Frame(LinkFrameType.Answer, [9, 0, 0, 0, 0, 0, 0, 0, 1]),
            RawLink.Frame(LinkFrameType.Request, []),
            RawLink.Frame(LinkFrameType.Ping, new byte[LinkLimits.AnswerBytesMax + 1]),
        ];
        using var server = new RawLinkServer();
        foreach (var bytes in malformed)
        {
            var (client, raw) = await server.AdmitAsync(_clock);
            var asking = client.AskAsync(LinkFixture.Request("a")).AsTask();
            await raw.ReceiveAsync();
            await raw.SendAsync(bytes);
            Assert.That(await TestWait.ForAsync(client.Closed), Does.StartWith("malformed"));
            Assert.That((await asking).Outcome, Is.EqualTo(ForwardOutcome.Unknown));
            raw.Dispose();
        }
    }

    [Test]
    public async Task Client_WhoseServerIsSilent_PingsAndThenClosesTheConnection()
    {
        using var server = new RawLinkServer();
        var (client, raw) = await server.AdmitAsync(_clock);
        var asking = client.AskAsync(LinkFixture.Request("a")).AsTask();
        Assert.That((await raw.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Request));
        Advance(LinkLimits.PingInterval);
        Assert.That((await raw.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Ping));
        Advance(LinkLimits.SilenceMax - LinkLimits.PingInterval - LinkLimits.TickInterval);
        Assert.That(asking.IsCompleted, Is.False);
        Advance(LinkLimits.TickInterval);
        Assert.That((await TestWait.ForAsync(asking)).Outcome, Is.EqualTo(ForwardOutcome.Unknown));
        Assert.That(await TestWait.ForAsync(client.Closed), Is.EqualTo("nothing received for 3 s"));
        raw.Dispose();
    }

    [Test]
    public async Task Client_WhoseServerOnlyPings_KeepsTheConnection()
    {
        using var server = new RawLinkServer();
        var (client, raw) = await server.AdmitAsync(_clock);
        for (var i = 0; i < 5; i++)
        {
            Advance(LinkLimits.SilenceMax - LinkLimits.TickInterval);
            await raw.SendPingAsync();
            // Once this is answered, the ping has been read.
            await RoundTripAsync(client, raw);
        }

        client.Dispose();
        raw.Dispose();
    }

    [Test]
    public async Task Server_WhoseClientIsSilent_PingsAndThenClosesTheConnection()
    {
        await using var link = new LinkFixture(_clock);
        using var raw = await RawLink.AdmittedAsync(link.Server.Port, LinkFixture.Token);
        await link.UntilLoggedAsync(82, "raw");
        await raw.SendAsync(1, LinkFixture.Request("a"));
        await link.UntilHeldAsync(1);
        Advance(LinkLimits.PingInterval);
        Assert.That((await raw.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Ping));
        Advance(LinkLimits.SilenceMax - LinkLimits.PingInterval);
        Assert.That(await raw.ReceiveAsync(LinkFrameType.Answer), Is.Null);
        await link.UntilLoggedAsync(83, "nothing received for 3 s");
        link.Held[0].Source.SetResult(LinkFixture.Reply("late"));
    }

    [Test]
    public async Task Client_ThatWasItselfSuspended_KeepsTheConnection()
    {
        using var server = new RawLinkServer();
        var (client, raw) = await server.AdmitAsync(_clock);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await RoundTripAsync(client, raw);
        client.Dispose();
        raw.Dispose();
    }

    [Test]
    public async Task Connection_WhoseReadingIsPaused_DoesNotTakeThatForSilence()
    {
        using var listener = new RawLinkServer();
        var accepting = listener.AcceptAsync();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(listener.Address));
        using var raw = await accepting;
        using var connection = new LinkConnection(socket, new LinkReader(), _clock);
        var isPaused = new TaskCompletionSource();
        var resume = new TaskCompletionSource<string?>();
        var running = connection.RunAsync(_ =>
        {
            isPaused.TrySetResult();
            return new ValueTask<string?>(resume.Task);
        });
        await raw.SendPingAsync();
        await TestWait.ForAsync(isPaused.Task);
        Advance(3 * LinkLimits.SilenceMax);
        Assert.That(connection.Ended.IsCancellationRequested, Is.False);
        resume.SetResult(null);
        connection.Dispose();
        await TestWait.ForAsync(running);
    }

    private static async Task RoundTripAsync(LinkClient client, RawLink raw)
    {
        var asking = client.AskAsync(LinkFixture.Request("a")).AsTask();
        var frame = await raw.ReceiveAsync(LinkFrameType.Request);
        Assert.That(frame, Is.Not.Null, await Reason(client));
        Assert.That(LinkCodec.TryReadRequest(frame!.Value.Payload.Span, out var number, out _), Is.True);
        await raw.SendAsync(number, LinkFixture.Reply("b"));
        Assert.That(LinkFixture.TextOf(await TestWait.ForAsync(asking)), Is.EqualTo("b"));
    }

    private static async Task<string> Reason(LinkClient client) =>
        client.Closed.IsCompleted ? await client.Closed : "open";

    // In steps, as time passes: a leap is a suspended process.
    private void Advance(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += LinkLimits.TickInterval)
            _clock.Advance(LinkLimits.TickInterval);
    }
}
