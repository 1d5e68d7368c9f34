using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Takes back what an <see cref="FieldWriter"/> has put, in the same order.</summary>
/// <exception cref="CorruptStateException">Thrown by every method when the bytes cannot be what was put.</exception>
internal ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    // 7300 years: so that times can be added without a thought.
    private const long TicksEnd = 1L << 61;

    private ReadOnlySpan<byte> _left = bytes;

    /// <summary>What has not been taken yet.</summary>
    public readonly ReadOnlySpan<byte> Left => _left;

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

    /// <summary>One of the values of an enumeration that count up from 0.</summary>
    public byte OneOf(int count) => Byte() is var value && value < count
        ? value
        : throw new CorruptStateException($"value {value} out of range 0 to {count - 1}");

    /// <summary>To be called at the end: nothing may be left.</summary>
    public readonly void End()
    {
        if (!_left.IsEmpty)
            throw new CorruptStateException($"{_left.Length} unexpected bytes at the end");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _left.Length)
            throw new CorruptStateException($"{count} bytes expected, {_left.Length} left");
        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }
}

/// <summary>Bytes are not the image that they were taken for; the message says what they hold.</summary>
public sealed class CorruptStateException(string message) : Exception(message);
