using System.Threading.Channels;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>Turns that have arrived and wait to be read. Single producer, single consumer.</summary>
internal sealed class Inbox(WakeSignal wakeSignal)
{
    // One full block. The inbox holds at most this and one more block.
    private const int BytesMax = ProtocolLimits.BacklogBytesMax;

    private readonly Channel<ReadOnlyMemory<byte>> _turns = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private int _bytes;
    private volatile bool _isReaderWaiting;

    /// <summary>Whether there is room for another block.</summary>
    public bool HasRoom => Volatile.Read(ref _bytes) < BytesMax;

    /// <summary>Whether the reader waits for a turn, and none is there for it.</summary>
    public bool IsReaderWaiting => _isReaderWaiting && Volatile.Read(ref _bytes) == 0;

    /// <summary>Adds turns that are joined by <c>|</c>.</summary>
    public void Put(ReadOnlyMemory<byte> joined)
    {
        for (int length; ; joined = joined[(length + 1)..])
        {
            var end = joined.Span.IndexOf((byte)'|');
            length = end < 0 ? joined.Length : end;
            Interlocked.Add(ref _bytes, length + 1);
            _turns.Writer.TryWrite(joined[..length]);
            if (end < 0)
                return;
        }
    }

    /// <summary>No more turns will come; with a bug, the reader gets it as an exception.</summary>
    public void Complete(Exception? bug) => _turns.Writer.TryComplete(bug);

    /// <summary>Waits until there is a turn to take; false when no more will come.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (_turns.Reader.TryPeek(out _))
            return true;
        _isReaderWaiting = true;
        wakeSignal.Set();
        try
        {
            return await _turns.Reader.WaitToReadAsync(cancel);
        }
        finally
        {
            _isReaderWaiting = false;
        }
    }

    public bool TryTake(out ReadOnlyMemory<byte> turn)
    {
        if (!_turns.Reader.TryRead(out turn))
            return false;
        var before = Interlocked.Add(ref _bytes, -turn.Length - 1) + turn.Length + 1;
        if (before >= BytesMax && HasRoom)
            wakeSignal.Set();
        return true;
    }
}
