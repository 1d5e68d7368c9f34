using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>A reply as it comes in a WebSocket message.</summary>
/// <param name="Tag">The request's tag.</param>
/// <param name="Reply">The reply; null if what follows the tag is none.</param>
/// <param name="RetryAfter">The parameter <c>retry</c>.</param>
internal readonly record struct SocketReply(int Tag, ServerReply? Reply, TimeSpan RetryAfter);

/// <summary>Composes and parses the messages of a WebSocket (PROTOCOL.md, "Over a WebSocket").</summary>
internal static class SocketMessages
{
    /// <summary>The highest tag.</summary>
    public const int TagMax = 99_999_999;

    // Tag, parameters and their numbers.
    private const int HeadBytesMax = 80;

    /// <summary>The message for a request.</summary>
    public static ReadOnlyMemory<byte> Compose(int tag, OutgoingRequest request)
    {
        var message = new ArrayBufferWriter<byte>(HeadBytesMax + request.Body.Length);
        Append(message, ""u8, tag);
        if (request.Wait > TimeSpan.Zero)
            Append(message, ";wait="u8, (int)request.Wait.TotalSeconds);
        if (request.ReceivedBytes is { } received)
            Append(message, ";received="u8, received);
        message.Write(" "u8);
        message.Write(request.Body.Span);
        return message.WrittenMemory;
    }

    /// <summary>Parses a message; false if it does not begin with a tag and a space.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> message, out SocketReply parsed)
    {
        parsed = default;
        var bytes = message.Span;
        var headLength = bytes.IndexOf((byte)' ');
        if (headLength < 0)
            return false;
        var head = bytes[..headLength];
        var tagLength = head.IndexOf((byte)';') is >= 0 and var end ? end : headLength;
        if (!Utf8Parser.TryParse(head[..tagLength], out int tag, out var digits) || digits != tagLength || tag < 0)
            return false;
        var parameters = head[tagLength..];
        var reply = ServerReply.TryParse(message[(headLength + 1)..], Number(parameters, "wait"u8) is not null,
            out var read) ? WithParameters(read, parameters) : (ServerReply?)null;
        parsed = new SocketReply(tag, reply,
            TimeSpan.FromSeconds(Math.Clamp(Number(parameters, "retry"u8) ?? 0, 0, int.MaxValue)));
        return true;
    }

    private static ServerReply WithParameters(in ServerReply reply, ReadOnlySpan<byte> parameters) =>
        reply.With(Number(parameters, "counter"u8), Number(parameters, "taken"u8),
            Number(parameters, "acknowledged"u8), Number(parameters, "silent"u8));

    // Null if there is no such parameter, or it is not a number.
    private static long? Number(ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> name)
    {
        foreach (var range in parameters.Split((byte)';'))
        {
            var parameter = parameters[range];
            if (parameter.StartsWith(name) && parameter.Length > name.Length && parameter[name.Length] == (byte)'=')
            {
                var value = parameter[(name.Length + 1)..];
                return Utf8Parser.TryParse(value, out long number, out var length) && length == value.Length
                    ? number
                    : null;
            }
        }

        return null;
    }

    private static void Append(ArrayBufferWriter<byte> message, ReadOnlySpan<byte> name, int value)
    {
        message.Write(name);
        value.TryFormat(message.GetSpan(10), out var length, provider: CultureInfo.InvariantCulture);
        message.Advance(length);
    }
}
