using System.Net.Sockets;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>A server that answers every request with the same bytes, valid HTTP or not.</summary>
internal sealed class CannedServer : IAsyncDisposable
{
    private readonly LoopbackServer _server;
    private readonly byte[] _answer;
    private readonly byte[] _endless;
    private long _sentBytes;
    private int _requests;

    /// <param name="answer">The reply to each request.</param>
    /// <param name="endless">If not empty, follows the reply again and again, without end.</param>
    public CannedServer(string answer, string endless = "")
    {
        _answer = Encoding.Latin1.GetBytes(answer);
        _endless = Encoding.Latin1.GetBytes(endless);
        _server = new LoopbackServer(AnswerAsync);
    }

    public Uri Url => _server.Url;

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>How many bytes of the endless part have been sent.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(Socket client, CancellationToken stop)
    {
        var messages = new HttpMessageReader(client);
        while (await messages.ReadAsync(stop) is not null)
        {
            Interlocked.Increment(ref _requests);
            await client.SendAsync(_answer, stop);
            while (_endless.Length > 0)
                Interlocked.Add(ref _sentBytes, await client.SendAsync(_endless, stop));
        }
    }
}
