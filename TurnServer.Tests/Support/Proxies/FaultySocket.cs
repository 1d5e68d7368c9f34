using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;

namespace TurnServer.Tests.Support;

/// <summary>
/// A WebSocket through a <see cref="FaultyProxy"/>: each message meets what a request over HTTP would, and goes to the
/// server over a WebSocket of its own.
/// </summary>
/// <param name="proxy">Decides.</param>
/// <param name="socket">The client's connection; whoever accepted it disposes it.</param>
/// <param name="watch">Is given what goes on beside.</param>
/// <param name="stop">Ends all.</param>
internal sealed partial class FaultySocket(FaultyProxy proxy, Socket socket, Action<Task> watch, CancellationToken stop)
{
    private readonly SemaphoreSlim _sending = new(1);

    /// <summary>Accepts the client's request for a WebSocket, and serves it until it is closed.</summary>
    public async Task ServeAsync(HttpMessage upgrade)
    {
        using var client = await SocketHandshake.AcceptAsync(socket, upgrade, stop);
        while (await SocketHandshake.ReadAsync(client, stop) is { } message)
            watch(RelayAsync(client, message));
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop);
    }

    private async Task RelayAsync(WebSocket client, string message)
    {
        var space = message.IndexOf(' ', StringComparison.Ordinal);
        var (head, line) = (message[..space], message[(space + 1)..]);
        var plan = proxy.See(new ProxiedRequest(line, head.Contains(";wait=", StringComparison.Ordinal)));
        if (proxy.HidesPrefer)
            message = $"{Wait().Replace(head, "")} {line}";
        switch (plan.Fault)
        {
            case NetworkFault.DropRequest:
                socket.Dispose();
                return;
            case NetworkFault.SwallowRequest:
                return;
            case NetworkFault.RefuseLength:
                await SendAsync(client, $"{head.Split(';')[0]} 20/*/*");
                return;
            case NetworkFault.DelayRequest:
                await WaitAsync(plan);
                break;
            case NetworkFault.SendTwice:
                await AskAsync(message, plan with { Answered = null });
                break;
            case NetworkFault.SendAgainLater:
                await SendAsync(client, await AskAsync(message, plan with { Answered = null }));
                await WaitAsync(plan);
                await AskAsync(message, plan);
                return;
        }

        var reply = await AskAsync(message, plan);
        if (plan.Fault == NetworkFault.DelayReply)
            await WaitAsync(plan);
        if (plan.Fault == NetworkFault.CutReply)
            await SendAsync(client, reply[..(int)(plan.Cut * (reply.Length - 1))], isComplete: false);
        if (plan.Fault is NetworkFault.DropReply or NetworkFault.CutReply)
            socket.Dispose();
        else
            await SendAsync(client, reply);
    }

    private async Task WaitAsync(ProxyPlan plan)
    {
        var until = plan.Until ?? throw new InvalidOperationException("The plan has a delay and no Until.");
        await until.WaitAsync(TestWait.Timeout, stop);
    }

    private async Task<string> AskAsync(string message, ProxyPlan plan)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        // Longer than tests have replies held.
        timeout.CancelAfter(2 * TestWait.Timeout);
        using var server = new ClientWebSocket();
        server.Options.AddSubProtocol("turn.1");
        string reply;
        try
        {
            await server.ConnectAsync(new Uri($"ws://127.0.0.1:{proxy.ServerPort}/"), timeout.Token);
            await SocketHandshake.SendAsync(server, message, timeout.Token);
            reply = await SocketHandshake.ReadAsync(server, timeout.Token)
                ?? throw new IOException("The server closed the connection.");
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        plan.Answered?.Invoke();
        return proxy.HidesPrefer ? Wait().Replace(reply, "", 1) : reply;
    }

    private async Task SendAsync(WebSocket client, string message, bool isComplete = true)
    {
        await _sending.WaitAsync(stop);
        try
        {
            await client.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, isComplete, stop);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new IOException("The client's WebSocket has been aborted.");
        }
        finally
        {
            _sending.Release();
        }
    }

    [GeneratedRegex(";wait=[0-9]+")]
    private static partial Regex Wait();
}
