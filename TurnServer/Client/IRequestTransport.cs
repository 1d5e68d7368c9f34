namespace TurnServer.Client;

/// <summary>Carries requests to the server and replies back, over HTTP or a WebSocket.</summary>
internal interface IRequestTransport
{
    /// <summary>Sends a request once, at once, whatever else is under way.</summary>
    /// <param name="outgoing">The request.</param>
    /// <param name="cancel">Cancelled when its reply is overdue, or nobody wants it any more.</param>
    /// <returns>What has come of it; losses are part of that.</returns>
    /// <exception cref="OperationCanceledException">There was no reply before.</exception>
    Task<RequestAttempt> TryAsync(OutgoingRequest outgoing, CancellationToken cancel);

    /// <summary>The reply to a request is overdue, so that its connection may be dead.</summary>
    void NoteOverdue();

    /// <summary>Closes what it keeps open between requests. A further request opens it again.</summary>
    void Close();
}
