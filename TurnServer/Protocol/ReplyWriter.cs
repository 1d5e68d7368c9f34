using System.Buffers.Text;
using System.Text;

namespace TurnServer.Protocol;

/// <summary>
/// Serializes replies: <c>0/CODE/DATA</c> or <c>ERROR/DETAIL/DATA</c> (PROTOCOL.md, "Reply").
/// </summary>
public static class ReplyWriter
{
    // Enough for any reply without a name or turns: "0/8/" + 20 digits + "|1".
    private const int FixedBytesMax = 32;

    // Replies without data are serialized once and shared.
    private static readonly byte[][] Plain = [.. Enum.GetValues<ReplyCode>().Select(code => Compose(Reply.Ok(code)))];

    private static readonly byte[][] PlainErrors =
        [.. Enumerable.Range(0, WireNumbers.ErrorsEnd).Select(number => Compose(Reply.Refuse((ErrorCode)number)))];

    /// <summary>Serializes a reply. The array may be shared: do not modify it.</summary>
    public static byte[] ToBytes(in Reply reply)
    {
        if (reply.Error != ErrorCode.None)
            return reply.Detail is null ? PlainErrors[(int)reply.Error] : Compose(reply);
        if (reply.Name is not null || !reply.Turns.IsEmpty || reply.Code is ReplyCode.RegisterOk or ReplyCode.StartPlay)
            return Compose(reply);
        return Plain[(int)reply.Code];
    }

    private static byte[] Compose(in Reply reply)
    {
        Span<byte> head = stackalloc byte[FixedBytesMax];
        var length = 0;
        if (reply.Error != ErrorCode.None)
        {
            Append(head, ref length, (ulong)reply.Error);
            head[length++] = (byte)'/';
            if (reply.Detail is { } detail)
                Append(head, ref length, detail);
            else
                head[length++] = (byte)'*';
            head[length++] = (byte)'/';
            head[length++] = (byte)'*';
            return head[..length].ToArray();
        }

        head[length++] = (byte)'0';
        head[length++] = (byte)'/';
        Append(head, ref length, (ulong)reply.Code);
        head[length++] = (byte)'/';
        return reply.Code switch
        {
            ReplyCode.RegisterOk => WithKey(head, length, reply.Key, seat: null),
            ReplyCode.StartPlay => WithKey(head, length, reply.Key, reply.Seat),
            ReplyCode.InitServer or ReplyCode.InitClient => head[..length].ToArray(),
            _ when reply.Name is not null => WithName(head[..length], reply.Name),
            _ when !reply.Turns.IsEmpty => [.. head[..length], .. reply.Turns.Span],
            _ => [.. head[..length], (byte)'*'],
        };
    }

    private static byte[] WithKey(Span<byte> head, int length, ulong key, byte? seat)
    {
        Append(head, ref length, key);
        if (seat is { } number)
        {
            head[length++] = (byte)'|';
            head[length++] = (byte)('0' + number);
        }

        return head[..length].ToArray();
    }

    private static byte[] WithName(ReadOnlySpan<byte> head, string name)
    {
        var bytes = new byte[head.Length + Encoding.UTF8.GetByteCount(name)];
        head.CopyTo(bytes);
        Encoding.UTF8.GetBytes(name, bytes.AsSpan(head.Length));
        return bytes;
    }

    private static void Append(Span<byte> head, ref int length, ulong number)
    {
        Utf8Formatter.TryFormat(number, head[length..], out var digits);
        length += digits;
    }
}
