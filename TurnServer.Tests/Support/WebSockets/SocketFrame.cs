using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>Opcodes of frames (RFC 6455, 5.2).</summary>
internal static class Opcode
{
    public const int Continuation = 0;
    public const int Text = 1;
    public const int Binary = 2;
    public const int Close = 8;
    public const int Ping = 9;
    public const int Pong = 10;
}

/// <summary>A frame as it came from the server.</summary>
internal sealed record SocketFrame(int Opcode, byte[] Payload)
{
    private const int CodeBytes = 2;

    /// <summary>The payload as text.</summary>
    public string Text => Encoding.UTF8.GetString(Payload);

    /// <summary>A close frame's status code; null when it has none.</summary>
    public int? Code => Payload.Length < CodeBytes ? null : BinaryPrimitives.ReadUInt16BigEndian(Payload);

    /// <summary>A close frame's reason.</summary>
    public string Reason => Payload.Length < CodeBytes ? "" : Encoding.UTF8.GetString(Payload.AsSpan(CodeBytes));

    public override string ToString() => Opcode == Support.Opcode.Close
        ? string.Create(CultureInfo.InvariantCulture, $"close {Code} {Reason}")
        : string.Create(CultureInfo.InvariantCulture, $"frame {Opcode} {Text}");

    /// <summary>A frame as a client sends it: any bits, also those that no client may send.</summary>
    /// <param name="opcode">0 to 15.</param>
    /// <param name="payload">The payload before it is masked.</param>
    /// <param name="isFinal">The FIN bit.</param>
    /// <param name="reserved">The three reserved bits, 0 to 7.</param>
    /// <param name="isMasked">Whether it has a mask.</param>
    /// <param name="lengthBytes">
    /// In how many bytes the length is written: 1, 2 or 8; null: in as few as possible, as is required.
    /// </param>
    public static byte[] Encode(int opcode, ReadOnlySpan<byte> payload, bool isFinal = true, int reserved = 0,
        bool isMasked = true, int? lengthBytes = null)
    {
        const int MaskBytes = 4;
        var frame = new List<byte>(payload.Length + 14) { (byte)((isFinal ? 0x80 : 0) | (reserved << 4) | opcode) };
        var maskBit = (byte)(isMasked ? 0x80 : 0);
        switch (lengthBytes ?? (payload.Length < 126 ? 1 : payload.Length <= ushort.MaxValue ? 2 : 8))
        {
            case 1:
                frame.Add((byte)(maskBit | payload.Length));
                break;
            case 2:
                frame.AddRange([(byte)(maskBit | 126), (byte)(payload.Length >> 8), (byte)payload.Length]);
                break;
            default:
                frame.Add((byte)(maskBit | 127));
                var length = new byte[8];
                BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)payload.Length);
                frame.AddRange(length);
                break;
        }

        if (!isMasked)
            return [.. frame, .. payload];
        Span<byte> mask = stackalloc byte[MaskBytes];
        Random.Shared.NextBytes(mask);
        frame.AddRange(mask);
        for (var i = 0; i < payload.Length; i++)
            frame.Add((byte)(payload[i] ^ mask[i % MaskBytes]));
        return [.. frame];
    }

    /// <summary>A whole text message.</summary>
    public static byte[] Message(string text) => Encode(Support.Opcode.Text, Encoding.UTF8.GetBytes(text));

    /// <summary>A close frame's payload.</summary>
    public static byte[] ClosePayload(int code, string reason = "") =>
        [(byte)(code >> 8), (byte)code, .. Encoding.UTF8.GetBytes(reason)];
}
