using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// The turns on their way to one seat, joined by <c>|</c> in one buffer: first the block, handed out and not yet
/// acknowledged, then what waits. Never more than <see cref="ProtocolLimits.BacklogBytesMax"/> in all.
/// </summary>
internal struct Backlog
{
    private const byte Separator = (byte)'|';
    private const int CapacityMin = 64;

    // An emptied buffer larger than this is given back, so that an idle game stays small.
    private const int CapacityKept = 256;

    private byte[]? _buffer;
    private int _start;
    private int _blockLength;
    private int _length;

    /// <summary>All bytes held, separators included.</summary>
    public readonly int Length => _length;

    /// <summary>Whether turns wait that are not in the block.</summary>
    public readonly bool HasWaiting => _length > _blockLength;

    /// <summary>The turns handed out and not yet acknowledged. Good until the backlog is next changed.</summary>
    public readonly ReadOnlyMemory<byte> Block => _buffer.AsMemory(_start, _blockLength);

    /// <summary>The block, and what waits behind it. Good until the backlog is next changed.</summary>
    public readonly ReadOnlyMemory<byte> All => _buffer.AsMemory(_start, _length);

    /// <summary>Makes an empty backlog one that was written down.</summary>
    public void Restore(ReadOnlySpan<byte> all, int blockLength)
    {
        if (all.IsEmpty)
            return;
        MakeRoom(all.Length);
        all.CopyTo(_buffer);
        _length = all.Length;
        _blockLength = blockLength;
    }

    public readonly bool Fits(int turnLength) =>
        Joined(turnLength) <= ProtocolLimits.BacklogBytesMax;

    /// <summary>Adds a turn behind all others. It must not be empty and must fit.</summary>
    public void Append(ReadOnlySpan<byte> turn)
    {
        MakeRoom(Joined(turn.Length));
        if (_length > 0)
            _buffer![_start + _length++] = Separator;
        turn.CopyTo(_buffer.AsSpan(_start + _length));
        _length += turn.Length;
    }

    /// <summary>Adds what waits to the block.</summary>
    public void HandOut() => _blockLength = _length;

    /// <summary>
    /// Forgets the block, or those of its turns that lie within the first bytes of it, if so many are given: the others
    /// wait again, ahead of all that wait.
    /// </summary>
    public void Acknowledge(int? receivedBytes)
    {
        var block = _buffer.AsSpan(_start, _blockLength);
        var received = block.Length;
        if (receivedBytes < block.Length)
        {
            // Whole turns: up to a separator.
            var end = block[..(receivedBytes.Value + 1)].LastIndexOf(Separator);
            received = Math.Max(end, 0);
        }

        if (received == _length)
        {
            Clear();
            return;
        }

        var forgotten = received == 0 ? 0 : received + 1;
        _start += forgotten;
        _length -= forgotten;
        _blockLength = 0;
    }

    /// <summary>Forgets everything: the seat has left.</summary>
    public void Clear()
    {
        if (_buffer?.Length > CapacityKept)
            _buffer = null;
        _start = _blockLength = _length = 0;
    }

    private readonly int Joined(int turnLength) => _length == 0 ? turnLength : _length + 1 + turnLength;

    private void MakeRoom(int length)
    {
        if (_buffer is not null && _start + length <= _buffer.Length)
            return;
        var buffer = _buffer;
        if (buffer is null || length > buffer.Length)
            buffer = new byte[Math.Max(CapacityMin, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length))];
        if (_length > 0)
            _buffer.AsSpan(_start, _length).CopyTo(buffer);
        _buffer = buffer;
        _start = 0;
    }
}
