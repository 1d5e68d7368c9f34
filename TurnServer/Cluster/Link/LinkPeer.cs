using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster.Link;

/// <summary>The server's end of one link: has requests answered and sends the answers in any order.</summary>
internal sealed class LinkPeer : IDisposable
{
    private readonly LinkConnection _connection;
    private readonly Func<ForwardedRequest, ValueTask<ForwardAnswer>> _answer;
    private readonly SemaphoreSlim _room;
    private readonly ILogger _log;
    private readonly CancellationToken _ended;

    /// <param name="connection">Disposed of together with this.</param>
    /// <param name="answer">See <see cref="LinkServer.Start"/>.</param>
    /// <param name="requestsInFlightMax">When that many answers are outstanding, nothing more is read.</param>
    /// <param name="log">For exceptions of <paramref name="answer"/>.</param>
    public LinkPeer(LinkConnection connection, Func<ForwardedRequest, ValueTask<ForwardAnswer>> answer,
        int requestsInFlightMax, ILogger log)
    {
        _connection = connection;
        _answer = answer;
        _room = new SemaphoreSlim(requestsInFlightMax);
        _log = log;
        _ended = connection.Ended;
    }

    /// <summary>Runs until the connection ends, and returns why.</summary>
    public Task<string> RunAsync() => _connection.RunAsync(Handle);

    /// <inheritdoc cref="LinkConnection.Finish"/>
    public void Finish(string reason) => _connection.Finish(reason);

    public void Dispose()
    {
        // The semaphore holds nothing, and answers that come late still release it.
        _connection.Dispose();
    }

    private ValueTask<string?> Handle(LinkFrame frame)
    {
        switch (frame.Type)
        {
            case LinkFrameType.Ping:
                return default;
            case LinkFrameType.Request
                when LinkCodec.TryReadRequest(frame.Payload.Span, out var number, out var request):
                if (!_room.Wait(0, CancellationToken.None))
                    return HandleLaterAsync(number, request);
                Begin(number, request);
                return default;
            default:
                return new ValueTask<string?>($"frame type {(byte)frame.Type} with {frame.Payload.Length} bytes");
        }
    }

    private async ValueTask<string?> HandleLaterAsync(long number, ForwardedRequest request)
    {
        try
        {
            await _room.WaitAsync(_ended);
        }
        catch (OperationCanceledException)
        {
            return "ended";
        }

        Begin(number, request);
        return null;
    }

    private void Begin(long number, in ForwardedRequest request) =>
        // Never fails, and its end is counted: nobody needs to await it.
        _ = new AnswerFrame(this, number).RunAsync(request);

    /// <summary>One request's answer, on its way.</summary>
    private sealed class AnswerFrame(LinkPeer peer, long number) : OutgoingFrame
    {
        private ForwardAnswer _answer = ForwardAnswer.Unknown;

        public async Task RunAsync(ForwardedRequest request)
        {
            try
            {
                var answer = await peer._answer(request);
                var length = LinkCodec.LengthOf(answer);
                if (length > LinkLimits.AnswerBytesMax)
                    throw new InvalidOperationException($"An answer has {length} bytes.");
                _answer = answer;
            }
            catch (Exception e)
            {
                // A bug in one request must not end the others' link.
                Log.ForwardedRequestFailed(peer._log, e);
            }

            if (!peer._connection.TrySend(this))
                peer._room.Release();
        }

        // Releases only now, so that a client that does not read its answers cannot make the queue grow.
        public override void WriteTo(LinkOutput output)
        {
            LinkCodec.Write(output.Add(LinkFrameType.Answer, LinkCodec.LengthOf(_answer)), number, _answer);
            peer._room.Release();
        }

        public override void Abandon() => peer._room.Release();
    }
}
