using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace TurnServer.Tests.Support;

/// <summary>
/// A proxy that applies network faults to requests and replies, over HTTP and WebSockets. Each request goes to the
/// server on its own connection, so that a delayed one does not hold up the next. Unexpected exceptions fail the test
/// on dispose.
/// </summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private const int Backlog = 128;

    private static readonly byte[] TooLong =
        [.. "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 14\r\n\r\n<html>no</html"u8];

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _work = [];
    private readonly HashSet<Socket> _clients = [];
    private readonly List<ProxiedRequest> _requests = [];
    private Socket? _listener;

    public FaultyProxy(int serverPort, Func<ProxiedRequest, ProxyPlan>? plan = null)
    {
        ServerPort = serverPort;
        Plan = plan ?? (_ => default);
        Port = Ports.Next();
        BringUp();
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}/");

    /// <summary>The port that requests are forwarded to.</summary>
    public int ServerPort { get; set; }

    /// <summary>Decides what happens to each request. Called on any thread.</summary>
    public Func<ProxiedRequest, ProxyPlan> Plan { get; set; }

    /// <summary>Whether to strip Prefer and Preference-Applied, as if the server could not hold replies.</summary>
    public bool HidesPrefer { get; init; }

    /// <summary>The requests so far.</summary>
    public IReadOnlyList<ProxiedRequest> Requests
    {
        get
        {
            lock (_lock)
                return [.. _requests];
        }
    }

    /// <summary>Closes all connections and refuses new ones.</summary>
    public void TakeDown()
    {
        lock (_lock)
        {
            _listener?.Dispose();
            _listener = null;
            foreach (var client in _clients)
                client.Dispose();
        }
    }

    /// <summary>Accepts connections again.</summary>
    public void BringUp()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen(Backlog);
        lock (_lock)
            _listener = listener;
        Watch(AcceptAsync(listener));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        TakeDown();
        Task[] work;
        lock (_lock)
            work = [.. _work];
        await Task.WhenAll(work).WaitAsync(TestWait.Timeout);
        _stop.Dispose();
    }

    /// <summary>Notes a request, and decides what happens to it.</summary>
    public ProxyPlan See(ProxiedRequest request)
    {
        lock (_lock)
            _requests.Add(request);
        return Plan(request);
    }

    private void Watch(Task work)
    {
        lock (_lock)
            _work.Add(IgnoreClosedAsync(work));
    }

    // Closed connections are expected. Anything else is a bug in the proxy or the server.
    private async Task IgnoreClosedAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException
            or WebSocketException || (e is OperationCanceledException && _stop.IsCancellationRequested))
        {
            // Either end has closed the connection.
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
            Watch(ServeAsync(await listener.AcceptAsync(_stop.Token)));
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            client.NoDelay = true;
            lock (_lock)
            {
                _clients.Add(client);
                if (_listener is null)
                    return;
            }

            var messages = new HttpMessageReader(client);
            while (await messages.ReadAsync(_stop.Token) is { } request)
            {
                if (request.Has("Upgrade"))
                {
                    await new FaultySocket(this, client, Watch, _stop.Token).ServeAsync(request);
                    return;
                }

                // Requests are served one after the other.
                if (!await RelayAsync(client, request))
                    return;
            }
        }
    }

    // False closes the connection.
    private async Task<bool> RelayAsync(Socket client, HttpMessage request)
    {
        var plan = See(new ProxiedRequest(WireText.Of(request.Body), request.Has("Prefer")));
        if (HidesPrefer)
            request = request.Without("Prefer");
        switch (plan.Fault)
        {
            case NetworkFault.DropRequest:
                return false;
            case NetworkFault.SwallowRequest:
                // Until the client closes the connection.
                await new HttpMessageReader(client).ReadAsync(_stop.Token);
                return false;
            case NetworkFault.RefuseLength:
                await SendAsync(client, TooLong);
                return true;
            case NetworkFault.DelayRequest:
                await WaitAsync(plan);
                break;
            case NetworkFault.SendTwice:
                await AskAsync(request, plan with { Answered = null });
                break;
            case NetworkFault.SendAgainLater:
                await SendAsync(client, (await AskAsync(request, plan with { Answered = null })).Bytes);
                Watch(AskLaterAsync(request, plan));
                return true;
        }

        var reply = (await AskAsync(request, plan)).Bytes;
        switch (plan.Fault)
        {
            case NetworkFault.DropReply:
                return false;
            case NetworkFault.CutReply:
                await SendAsync(client, reply.AsMemory(0, (int)(plan.Cut * (reply.Length - 1))));
                return false;
            case NetworkFault.DelayReply:
                await WaitAsync(plan);
                break;
        }

        await SendAsync(client, reply);
        return true;
    }

    private async Task AskLaterAsync(HttpMessage request, ProxyPlan plan)
    {
        await WaitAsync(plan);
        await AskAsync(request, plan);
    }

    private async Task WaitAsync(ProxyPlan plan)
    {
        var until = plan.Until ?? throw new InvalidOperationException("The plan has a delay and no Until.");
        await until.WaitAsync(TestWait.Timeout, _stop.Token);
    }

    private async Task<HttpMessage> AskAsync(HttpMessage request, ProxyPlan plan)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        // Longer than tests have replies held.
        timeout.CancelAfter(2 * TestWait.Timeout);
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(IPAddress.Loopback, ServerPort, timeout.Token);
        await server.SendAsync(request.Bytes, timeout.Token);
        var reply = await new HttpMessageReader(server).ReadAsync(timeout.Token)
            ?? throw new IOException("The server closed the connection.");
        plan.Answered?.Invoke();
        return HidesPrefer ? reply.Without("Preference-Applied") : reply;
    }

    private async Task SendAsync(Socket client, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await client.SendAsync(bytes, _stop.Token)..];
    }
}
