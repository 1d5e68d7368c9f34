using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Support;

/// <summary>A server behind a proxy: stores each request as received and answers <c>0/10/*</c>.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n0/10/*"u8.ToArray();

    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<HttpMessage> _requests = [];
    private readonly Task _serving;

    public Upstream()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Whether to close a connection at its second request, without a reply.</summary>
    public bool ClosesReused { get; init; }

    /// <summary>All requests so far, including unanswered ones.</summary>
    public IReadOnlyList<HttpMessage> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving.WaitAsync(TestWait.Timeout);
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
                clients.Add(AnswerAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test is over.
        }

        await Task.WhenAll(clients);
    }

    private async Task AnswerAsync(Socket client)
    {
        using (client)
        {
            try
            {
                var messages = new HttpMessageReader(client);
                for (var isFirst = true; await messages.ReadAsync(_stop.Token) is { } request; isFirst = false)
                {
                    lock (_requests)
                        _requests.Add(request);
                    if (ClosesReused && !isFirst)
                        return;
                    await client.SendAsync(Answer, _stop.Token);
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The proxy has closed the connection, or the test is over.
            }
        }
    }
}
