namespace TurnServer.Http.WebSockets;

/// <summary>What has come of waiting for a message of a WebSocket.</summary>
internal readonly record struct SocketMessage
{
    /// <summary>The message, or the beginning of one that is too long.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private init; }

    /// <summary>Whether the message is too long; the rest of it has been discarded.</summary>
    public bool IsTooLong { get; private init; }

    /// <summary>Why there is no message, and the WebSocket ends; null when there is one.</summary>
    public SocketEnd? End { get; private init; }

    /// <summary>A whole message.</summary>
    public static SocketMessage Whole(ReadOnlyMemory<byte> bytes) => new() { Bytes = bytes };

    /// <summary>A message that is too long to be read, but can be answered.</summary>
    public static SocketMessage TooLong(ReadOnlyMemory<byte> beginning) =>
        new() { Bytes = beginning, IsTooLong = true };

    /// <summary>No message.</summary>
    public static SocketMessage None(SocketEnd end) => new() { End = end };
}
