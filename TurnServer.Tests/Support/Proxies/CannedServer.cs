using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>A server that answers every request with the same bytes, valid HTTP or not.</summary>
internal sealed class CannedServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _answer;
    private readonly byte[] _endless;
    private readonly Task _serving;
    private long _sentBytes;
    private int _requests;

    /// <param name="answer">The reply to each request.</param>
    /// <param name="endless">If not empty, follows the reply again and again, without end.</param>
    public CannedServer(string answer, string endless = "")
    {
        _answer = Encoding.Latin1.GetBytes(answer);
        _endless = Encoding.Latin1.GetBytes(endless);
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>How many bytes of the endless part have been sent.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving.WaitAsync(TestWait.Timeout);
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        // One connection at a time is enough for one client.
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptSocketAsync(_stop.Token);
                var messages = new HttpMessageReader(client);
                while (await messages.ReadAsync(_stop.Token) is not null)
                {
                    Interlocked.Increment(ref _requests);
                    await client.SendAsync(_answer, _stop.Token);
                    while (_endless.Length > 0)
                        Interlocked.Add(ref _sentBytes, await client.SendAsync(_endless, _stop.Token));
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The client has closed the connection, or the test is over.
            }
        }
    }
}
