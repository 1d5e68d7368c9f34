using System.Net.Sockets;

namespace TurnServer.Tests.Support;

/// <summary>A server behind a proxy: stores each request as received and answers <c>0/10/*</c>.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n0/10/*"u8.ToArray();

    private readonly List<HttpMessage> _requests = [];
    private readonly LoopbackServer _server;

    public Upstream() => _server = new LoopbackServer(AnswerAsync);

    public int Port => _server.Port;

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

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(Socket client, CancellationToken stop)
    {
        var messages = new HttpMessageReader(client);
        for (var isFirst = true; await messages.ReadAsync(stop) is { } request; isFirst = false)
        {
            lock (_requests)
                _requests.Add(request);
            if (ClosesReused && !isFirst)
                return;
            await client.SendAsync(Answer, stop);
        }
    }
}
