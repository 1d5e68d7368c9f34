using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// Puts values into bytes, one after the other, for records that outlive the process. Numbers take as many bytes as
/// they need: seven bits in each, the lowest first, and the high bit set in all but the last (LEB128).
/// </summary>
internal sealed class FieldWriter
{
    private const int NumberBytesMax = 10;
    private byte[] _bytes = new byte[256];
    private int _length;

    /// <summary>What has been put since the last <see cref="Clear"/>. Good until more is put.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Byte(byte value) => Reserve(1)[0] = value;

    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Number(ulong value)
    {
        var room = Reserve(NumberBytesMax);
        var count = 0;
        for (; value > 0x7F; value >>= 7)
            room[count++] = (byte)(value | 0x80);
        room[count++] = (byte)value;
        _length -= NumberBytesMax - count;
    }

    /// <summary>A count or the like: not negative.</summary>
    public void Number(long value) => Number(checked((ulong)value));

    /// <summary>A duration, or the time since the table's beginning: not negative.</summary>
    public void Time(TimeSpan value) => Number(value.Ticks);

    public void Address(ClientAddress value)
    {
        Number((ulong)(value.Bits >> 64));
        Number((ulong)value.Bits);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        value.CopyTo(Reserve(value.Length));
    }

    public void Text(string value)
    {
        var count = Encoding.UTF8.GetByteCount(value);
        Number(count);
        Encoding.UTF8.GetBytes(value, Reserve(count));
    }

    /// <summary>A text that may be missing.</summary>
    public void TextOrNull(string? value)
    {
        Flag(value is not null);
        if (value is not null)
            Text(value);
    }

    private Span<byte> Reserve(int count)
    {
        if (_bytes.Length - _length < count)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        var room = _bytes.AsSpan(_length, count);
        _length += count;
        return room;
    }
}
