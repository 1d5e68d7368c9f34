namespace TurnServer.Client;

/// <summary>A request on a WebSocket, until its reply or the end of the connection.</summary>
/// <param name="tag">What the reply will be told by; unique on the connection.</param>
/// <param name="request">The request.</param>
internal sealed class SocketExchange(int tag, OutgoingRequest request)
{
    private readonly TaskCompletionSource<RequestAttempt> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Tag => tag;

    public OutgoingRequest Request => request;

    /// <summary>What came of it. Throws only what is a bug.</summary>
    public Task<RequestAttempt> Outcome => _outcome.Task;

    public void Complete(in RequestAttempt outcome) => _outcome.TrySetResult(outcome);

    public void Fail(Exception bug) => _outcome.TrySetException(bug);
}
