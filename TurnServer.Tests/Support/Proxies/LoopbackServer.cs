using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Support;

/// <summary>
/// A TCP server on a free loopback port that runs a function for each connection. Unexpected exceptions of the function
/// fail the test on dispose.
/// </summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<Socket, CancellationToken, Task> _serve;
    private readonly Task _accepting;

    /// <param name="serve">
    /// Called with each connection, which is closed afterwards, and a token that is cancelled on dispose.
    /// </param>
    public LoopbackServer(Func<Socket, CancellationToken, Task> serve)
    {
        _serve = serve;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri Url => new($"http://127.0.0.1:{Port}/");

    /// <summary>Closes all connections and waits for their functions.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting.WaitAsync(TestWait.Timeout);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
                connections.RemoveAll(connection => connection.IsCompletedSuccessfully);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                await _serve(client, _stop.Token);
            }
            catch (Exception e) when (e is IOException or SocketException
                || (e is OperationCanceledException && _stop.IsCancellationRequested))
            {
                // The other end has closed the connection, or the test is over.
            }
        }
    }
}
