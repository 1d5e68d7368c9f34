using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// The turns on their way to one seat, joined by <c>|</c> in one buffer: first the block, which is handed out and not
/// yet acknowledged, then the waiting turns. At most <see cref="ProtocolLimits.BacklogBytesMax"/> in all.
/// </summary>
internal struct Backlog
{
    private const byte Separator = (byte)'|';
    private const int CapacityMin = 64;

    // A larger buffer is released once it is empty, so that an idle game stays small.
    private const int CapacityKeptMax = 256;

    private byte[]? _buffer;
    private int _start;
    private int _blockLength;
    private int _length;

    /// <summary>The bytes of all turns, separators included.</summary>
    public readonly int Length => _length;

    /// <summary>Whether there are turns behind the block.</summary>
    public readonly bool HasWaiting => _length > _blockLength;

    /// <summary>The turns handed out and not yet acknowledged. Valid until the backlog next changes.</summary>
    public readonly ReadOnlyMemory<byte> Block => _buffer.AsMemory(_start, _blockLength);

    /// <summary>The block and the waiting turns. Valid until the backlog next changes.</summary>
    public readonly ReadOnlyMemory<byte> All => _buffer.AsMemory(_start, _length);

    /// <summary>Fills an empty backlog from a snapshot.</summary>
    public void Restore(ReadOnlySpan<byte> all, int blockLength)
    {
        if (all.IsEmpty)
            return;
        EnsureCapacity(all.Length);
        all.CopyTo(_buffer);
        _length = all.Length;
        _blockLength = blockLength;
    }

    public readonly bool Fits(int turnLength) =>
        LengthWith(turnLength) <= ProtocolLimits.BacklogBytesMax;

    /// <summary>Adds a turn at the end. It must not be empty, and must fit.</summary>
    public void Append(ReadOnlySpan<byte> turn)
    {
        EnsureCapacity(LengthWith(turn.Length));
        if (_length > 0)
            _buffer![_start + _length++] = Separator;
        turn.CopyTo(_buffer.AsSpan(_start + _length));
        _length += turn.Length;
    }

    /// <summary>Adds the waiting turns to the block.</summary>
    public void HandOut() => _blockLength = _length;

    /// <summary>
    /// Removes the block, or only those of its turns that lie within its first <paramref name="receivedBytes"/> bytes:
    /// the others wait again, ahead of the waiting turns. Returns how many it has removed.
    /// </summary>
    public int Acknowledge(int? receivedBytes)
    {
        var block = _buffer.AsSpan(_start, _blockLength);
        var received = block.Length;
        if (receivedBytes < block.Length)
        {
            // Only whole turns, up to a separator.
            var end = block[..(receivedBytes.Value + 1)].LastIndexOf(Separator);
            received = Math.Max(end, 0);
        }

        var turns = TurnTotals.Count(block[..received]);
        if (received == _length)
        {
            Clear();
            return turns;
        }

        var removed = received == 0 ? 0 : received + 1;
        _start += removed;
        _length -= removed;
        _blockLength = 0;
        return turns;
    }

    /// <summary>Removes all turns.</summary>
    public void Clear()
    {
        if (_buffer?.Length > CapacityKeptMax)
            _buffer = null;
        _start = _blockLength = _length = 0;
    }

    private readonly int LengthWith(int turnLength) => _length == 0 ? turnLength : _length + 1 + turnLength;

    private void EnsureCapacity(int length)
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
