using System.Buffers;
using System.Buffers.Text;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Http.WebSockets;

/// <summary>
/// Writes replies as WebSocket messages: <c>TAG[;NAME=VALUE]... REPLY</c>, with what are headers over HTTP
/// (PROTOCOL.md, "Over a WebSocket").
/// </summary>
internal static class SocketReplyWriter
{
    // The tag, six parameters with the longest numbers, and a space.
    private const int HeadBytesMax = 192;

    /// <summary>Writes a message into a rented buffer, which must be returned to the shared pool.</summary>
    /// <param name="tag">The request's tag, as it came.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="length">The length of the message in the buffer.</param>
    public static byte[] Write(SocketTag tag, in WireReply reply, out int length)
    {
        var message = ArrayPool<byte>.Shared.Rent(HeadBytesMax + reply.Body.Length);
        length = tag.CopyTo(message);
        if (reply.WasHeld)
            Append(message, ref length, ";wait="u8, reply.AppliedWaitSeconds);
        if (reply.TurnCounter is { } counter)
            Append(message, ref length, ";counter="u8, counter);
        if (reply.Totals is { } totals)
        {
            Append(message, ref length, ";taken="u8, totals.Taken);
            Append(message, ref length, ";acknowledged="u8, totals.Acknowledged);
        }

        if (reply.PartnerSilentSeconds is { } silent)
            Append(message, ref length, ";silent="u8, silent);
        if (reply.AsksToRetry)
            Append(message, ref length, ";retry="u8, 1);
        message[length++] = (byte)' ';
        reply.Body.CopyTo(message, length);
        length += reply.Body.Length;
        return message;
    }

    private static void Append(byte[] message, ref int length, ReadOnlySpan<byte> name, long value)
    {
        name.CopyTo(message.AsSpan(length));
        length += name.Length;
        Utf8Formatter.TryFormat(value, message.AsSpan(length), out var digits);
        length += digits;
    }
}
