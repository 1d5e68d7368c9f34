using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Reads fields in the order in which a <see cref="FieldWriter"/> wrote them.</summary>
/// <exception cref="CorruptStateException">Thrown by every method if the bytes are not such a field.</exception>
internal ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    // 7300 years, so that adding times cannot overflow.
    private const long TicksEnd = 1L << 61;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The bytes not yet read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public byte Byte() => Take(1)[0];

    public bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        var other => throw new CorruptStateException($"invalid flag {other}"),
    };

    public ulong Number()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part <= 0x7F)
                return value;
        }

        throw new CorruptStateException("number exceeds 64 bits");
    }

    public long Long()
    {
        var value = Number();
        return value <= long.MaxValue ? (long)value : throw new CorruptStateException($"count {value} out of range");
    }

    public int Int()
    {
        var value = Number();
        return value <= int.MaxValue ? (int)value : throw new CorruptStateException($"count {value} out of range");
    }

    public TimeSpan Time()
    {
        var ticks = Long();
        return ticks < TicksEnd
            ? TimeSpan.FromTicks(ticks)
            : throw new CorruptStateException($"time of {ticks} ticks out of range");
    }

    public ClientAddress Address()
    {
        var upper = Number();
        return ClientAddress.OfBits(new UInt128(upper, Number()));
    }

    public ReadOnlySpan<byte> Bytes() => Take(Int());

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public string? TextOrNull() => Flag() ? Text() : null;

    /// <summary>A value of an enumeration with this many values, numbered from 0.</summary>
    public byte OneOf(int count) => Byte() is var value && value < count
        ? value
        : throw new CorruptStateException($"value {value} out of range 0 to {count - 1}");

    /// <summary>Checks that all bytes have been read.</summary>
    public readonly void End()
    {
        if (!_rest.IsEmpty)
            throw new CorruptStateException($"{_rest.Length} unexpected bytes at the end");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw new CorruptStateException($"{count} bytes expected, {_rest.Length} left");
        var field = _rest[..count];
        _rest = _rest[count..];
        return field;
    }
}

/// <summary>Recorded state is invalid. The message is a noun phrase that names the invalid part.</summary>
public sealed class CorruptStateException(string message) : Exception(message);
