namespace TurnServer.Http.WebSockets;

/// <summary>How receiving a message ended.</summary>
internal enum SocketMessageOutcome
{
    /// <summary>The message is complete.</summary>
    Received,

    /// <summary>The message is too long; the bytes are its beginning, and the rest has been discarded.</summary>
    TooLong,

    /// <summary>The message does not end.</summary>
    Endless,

    /// <summary>The message was not complete in time; the WebSocket is aborted.</summary>
    Late,

    /// <summary>The message is binary.</summary>
    Binary,

    /// <summary>The client has closed the connection in order.</summary>
    Closed,
}

/// <summary>A message of a WebSocket.</summary>
/// <param name="Outcome">How receiving it ended.</param>
/// <param name="Bytes">The message, or its beginning.</param>
internal readonly record struct SocketMessage(SocketMessageOutcome Outcome, ReadOnlyMemory<byte> Bytes = default);
