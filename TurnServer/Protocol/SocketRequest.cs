using System.Text;

namespace TurnServer.Protocol;

/// <summary>
/// A request as it comes in a WebSocket message: <c>TAG[;wait=SECONDS][;received=BYTES] LINE</c> (PROTOCOL.md, "Over a
/// WebSocket"). Ranges are positions in the message.
/// </summary>
public readonly record struct SocketRequest
{
    /// <summary>The subprotocol that client and server agree on.</summary>
    public const string Subprotocol = "turn.1";

    /// <summary>The most digits of a tag.</summary>
    public const int TagDigitsMax = 8;

    /// <summary>The longest message in bytes: a request of the longest body, and its tag and parameters.</summary>
    public const int MessageBytesMax = ProtocolLimits.BodyBytesMax + 128;

    /// <summary>How many digits at the start of the message are the tag.</summary>
    public required int TagLength { get; init; }

    /// <summary>How long the client is willing to wait for news, in seconds; 0: not at all.</summary>
    public int WaitSeconds { get; init; }

    /// <summary>
    /// What stands for the header Turn-Received; null when there is none. Several are joined, so that they are refused
    /// like several headers.
    /// </summary>
    public string? Received { get; init; }

    /// <summary>The request line: what is the body over HTTP.</summary>
    public required Range Line { get; init; }

    /// <summary>
    /// Parses a message, or the beginning of one that is too long. False if it does not begin with a tag and a space,
    /// so that it cannot be answered. Parameters of other names are ignored, as other headers are; so is a malformed
    /// wait.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out SocketRequest request)
    {
        request = default;
        var headLength = message.IndexOf((byte)' ');
        if (headLength < 0)
            return false;
        var head = message[..headLength];
        var tagLength = head.IndexOf((byte)';');
        if (tagLength < 0)
            tagLength = headLength;
        if (tagLength is 0 or > TagDigitsMax || head[..tagLength].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        request = new SocketRequest { TagLength = tagLength, Line = (headLength + 1)..message.Length };
        return tagLength == headLength || TryParseParameters(head[(tagLength + 1)..], ref request);
    }

    private static bool TryParseParameters(ReadOnlySpan<byte> parameters, ref SocketRequest request)
    {
        var hasWait = false;
        foreach (var range in parameters.Split((byte)';'))
        {
            var parameter = parameters[range];
            var sign = parameter.IndexOf((byte)'=');
            if (sign <= 0)
                return false;
            var name = parameter[..sign];
            var value = parameter[(sign + 1)..];
            if (name.SequenceEqual("wait"u8) && !hasWait)
            {
                hasWait = true;
                request = request with { WaitSeconds = Seconds(value) };
            }
            else if (name.SequenceEqual("received"u8))
            {
                var text = Encoding.UTF8.GetString(value);
                request = request with { Received = request.Received is { } first ? $"{first}, {text}" : text };
            }
        }

        return true;
    }

    // As in Prefer: wait=SECONDS.
    private static int Seconds(ReadOnlySpan<byte> value) =>
        RequestParser.TryParseNumber(value, out var seconds) ? (int)Math.Min(seconds, int.MaxValue) : 0;
}
