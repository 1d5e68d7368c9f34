using System.Threading.Channels;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>Turns that have arrived and wait to be read. One thread puts them in and one takes them out.</summary>
internal sealed class Inbox(WakeSignal loop)
{
    // One full block: what is read while the reader is away is at most twice that.
    private const int BytesEnough = ProtocolLimits.BacklogBytesMax;

    private readonly Channel<ReadOnlyMemory<byte>> _turns = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private int _bytes;
    private volatile bool _isReaderWaiting;

    /// <summary>Whether there is room for one block more.</summary>
    public bool HasRoom => Volatile.Read(ref _bytes) < BytesEnough;

    /// <summary>
    /// Whether somebody waits for a turn. Who has been handed one waits no longer, though it may not know that yet.
    /// </summary>
    public bool IsReaderWaiting => _isReaderWaiting && Volatile.Read(ref _bytes) == 0;

    /// <summary>Puts turns in that are joined as the wire joins them.</summary>
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

    /// <summary>Says that no more will come, because of this bug if there is one.</summary>
    public void Complete(Exception? bug) => _turns.Writer.TryComplete(bug);

    /// <summary>Waits until there is a turn to take; false when there will be none.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (_turns.Reader.TryPeek(out _))
            return true;
        _isReaderWaiting = true;
        loop.Call();
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
        if (before >= BytesEnough && HasRoom)
            loop.Call();
        return true;
    }
}
