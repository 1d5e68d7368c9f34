using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace TurnServer.Cluster.Link;

/// <summary>Writes the fields of a frame, little-endian, into a span that is exactly as long as they are.</summary>
internal ref struct LinkFieldWriter(Span<byte> target)
{
    private Span<byte> _rest = target;

    public void Byte(byte value) => Take(1)[0] = value;

    public void Int(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

    public void Long(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);

    public void Bits(UInt128 value) => BinaryPrimitives.WriteUInt128LittleEndian(Take(16), value);

    /// <summary>Bytes without their length: the last field.</summary>
    public void Rest(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>UTF-8 with its length in bytes before it.</summary>
    public void Text(string value)
    {
        var length = Encoding.UTF8.GetBytes(value, _rest[sizeof(int)..]);
        Int(length);
        Take(length);
    }

    private Span<byte> Take(int count)
    {
        var field = _rest[..count];
        _rest = _rest[count..];
        return field;
    }
}

/// <summary>
/// Reads fields in the order in which a <see cref="LinkFieldWriter"/> wrote them. It never throws: a field that is not
/// there reads as zero or empty, and <see cref="IsValid"/> is false from then on.
/// </summary>
internal ref struct LinkFieldReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether all fields so far were there and possible.</summary>
    public bool IsValid { get; private set; } = true;

    /// <summary>Whether, in addition, all bytes have been read.</summary>
    public readonly bool IsComplete => IsValid && _rest.IsEmpty;

    public byte Byte() => TryTake(1, out var field) ? field[0] : (byte)0;

    public int Int() => TryTake(sizeof(int), out var field) ? BinaryPrimitives.ReadInt32LittleEndian(field) : 0;

    public long Long() => TryTake(sizeof(long), out var field) ? BinaryPrimitives.ReadInt64LittleEndian(field) : 0;

    public UInt128 Bits() => TryTake(16, out var field) ? BinaryPrimitives.ReadUInt128LittleEndian(field) : 0;

    public ReadOnlySpan<byte> Rest() => TryTake(_rest.Length, out var field) ? field : [];

    /// <summary>The bytes of a text, as they are.</summary>
    public ReadOnlySpan<byte> TextBytes() => TryTake(Int(), out var field) ? field : [];

    public string Text()
    {
        var bytes = TextBytes();
        IsValid &= Utf8.IsValid(bytes);
        return IsValid ? Encoding.UTF8.GetString(bytes) : "";
    }

    /// <summary>A byte of which only some bits may be set.</summary>
    public byte Flags(byte possible)
    {
        var flags = Byte();
        IsValid &= (flags & ~possible) == 0;
        return flags;
    }

    /// <summary>A value of an enumeration of bytes.</summary>
    public T OneOf<T>() where T : struct, Enum
    {
        var value = Unsafe.BitCast<byte, T>(Byte());
        IsValid &= Enum.IsDefined(value);
        return value;
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> field)
    {
        IsValid &= count >= 0 && count <= _rest.Length;
        field = IsValid ? _rest[..count] : [];
        _rest = _rest[field.Length..];
        return IsValid;
    }
}
