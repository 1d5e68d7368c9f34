namespace TurnServer.Client;

/// <summary>
/// Carries requests over one WebSocket (PROTOCOL.md, "Over a WebSocket"). It is opened for the first request, and again
/// for the next one after it was lost. While nobody has sent anything for a while it is closed.
/// </summary>
/// <param name="http">Opens the WebSocket.</param>
/// <param name="url">The server's URL.</param>
/// <param name="timeout">How long opening it may take.</param>
/// <param name="time">The clock.</param>
internal sealed class SocketTransport(HttpMessageInvoker http, Uri url, TimeSpan timeout, TimeProvider time)
    : IRequestTransport
{
    private readonly Lock _lock = new();
    private SocketConnection? _connection;

    private SocketConnection? Current
    {
        get
        {
            lock (_lock)
                return _connection;
        }
    }

    public async Task<RequestAttempt> TryAsync(OutgoingRequest outgoing, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var (connection, request) = Begin(outgoing);
        try
        {
            await connection.SendAsync(request, cancel);
            return await request.Outcome.WaitAsync(cancel);
        }
        finally
        {
            connection.End(request);
        }
    }

    /// <summary>
    /// Ends the connection, so that requests are repeated over a new one: a network may have lost it without a word.
    /// </summary>
    public void NoteOverdue() => Current?.Abort();

    public void Close() => Current?.Close();

    private (SocketConnection Connection, SocketExchange Request) Begin(OutgoingRequest outgoing)
    {
        lock (_lock)
        {
            if (_connection?.Begin(outgoing) is { } request)
                return (_connection, request);
            (_connection, request) = SocketConnection.Open(http, url, timeout, time, outgoing);
            return (_connection, request);
        }
    }
}
