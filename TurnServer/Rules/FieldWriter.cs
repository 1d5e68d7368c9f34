using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// Serializes fields one after the other, for snapshots and journal records. Numbers are unsigned LEB128: seven bits a
/// byte, lowest first, with the high bit set in all but the last byte.
/// </summary>
internal sealed class FieldWriter
{
    private const int NumberBytesMax = 10;
    private byte[] _bytes = new byte[256];
    private int _length;

    /// <summary>The bytes written since the last <see cref="Clear"/>. Valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Byte(byte value) => Reserve(1)[0] = value;

    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Number(ulong value)
    {
        var span = Reserve(NumberBytesMax);
        var count = 0;
        for (; value > 0x7F; value >>= 7)
            span[count++] = (byte)(value | 0x80);
        span[count++] = (byte)value;
        _length -= NumberBytesMax - count;
    }

    /// <summary>A number that is not negative.</summary>
    public void Number(long value) => Number(checked((ulong)value));

    /// <summary>A duration, or a time of the table's clock; not negative.</summary>
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
        var span = _bytes.AsSpan(_length, count);
        _length += count;
        return span;
    }
}
