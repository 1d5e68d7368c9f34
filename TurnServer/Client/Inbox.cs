using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>The partner's turns, as a saved game keeps them.</summary>
/// <param name="Received">How many have arrived, those included.</param>
/// <param name="Unread">Those that have not been read.</param>
internal sealed record InboxContent(long Received, IReadOnlyList<ReadOnlyMemory<byte>> Unread)
{
    public static InboxContent Empty { get; } = new(0, []);
}

/// <summary>Turns that have arrived and wait to be read. Single producer, single consumer.</summary>
internal sealed class Inbox
{
    // One full block. The inbox holds at most this and one more block.
    private const int BytesMax = ProtocolLimits.BacklogBytesMax;

    private readonly WakeSignal _wakeSignal;
    private readonly Lock _lock = new();
    private readonly Queue<ReadOnlyMemory<byte>> _unread;
    private TaskCompletionSource? _reader;
    private long _received;
    private int _bytes;
    private bool _isComplete;
    private Exception? _bug;

    public Inbox(WakeSignal wakeSignal, InboxContent? content = null)
    {
        _wakeSignal = wakeSignal;
        content ??= InboxContent.Empty;
        _received = content.Received;
        _unread = new Queue<ReadOnlyMemory<byte>>(content.Unread);
        _bytes = content.Unread.Sum(turn => turn.Length + 1);
    }

    /// <summary>Whether there is room for another block.</summary>
    public bool HasRoom => Volatile.Read(ref _bytes) < BytesMax;

    /// <summary>Whether the reader waits for a turn, and none is there for it.</summary>
    public bool IsReaderWaiting
    {
        get
        {
            lock (_lock)
                return _reader is not null && _unread.Count == 0;
        }
    }

    /// <summary>Adds turns that are joined by <c>|</c>.</summary>
    public void Put(ReadOnlyMemory<byte> joined)
    {
        lock (_lock)
        {
            for (int length; ; joined = joined[(length + 1)..])
            {
                var end = joined.Span.IndexOf((byte)'|');
                length = end < 0 ? joined.Length : end;
                _bytes += length + 1;
                _received++;
                _unread.Enqueue(joined[..length]);
                if (end < 0)
                    break;
            }

            _reader?.TrySetResult();
        }
    }

    /// <summary>Some turns have been acknowledged and are not known here: the next one has a later number.</summary>
    public void Skip(long turns)
    {
        lock (_lock)
            _received += turns;
    }

    /// <summary>No more turns will come; with a bug, the reader gets it as an exception.</summary>
    public void Complete(Exception? bug)
    {
        lock (_lock)
        {
            (_isComplete, _bug) = (true, bug);
            _reader?.TrySetResult();
        }
    }

    /// <summary>Waits until there is a turn to take; false when no more will come.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        TaskCompletionSource reader;
        lock (_lock)
        {
            if (_unread.Count > 0 || _isComplete)
                return HasMore();
            _reader = reader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _wakeSignal.Set();
        try
        {
            await reader.Task.WaitAsync(cancel);
        }
        finally
        {
            lock (_lock)
                _reader = null;
        }

        lock (_lock)
            return HasMore();
    }

    public bool TryTake(out ReadOnlyMemory<byte> turn)
    {
        lock (_lock)
        {
            if (!_unread.TryDequeue(out turn))
                return false;
            var hadRoom = HasRoom;
            _bytes -= turn.Length + 1;
            if (!hadRoom && HasRoom)
                _wakeSignal.Set();
            return true;
        }
    }

    /// <summary>What a saved game keeps. Any thread.</summary>
    public InboxContent GetContent()
    {
        lock (_lock)
            return new InboxContent(_received, [.. _unread]);
    }

    private bool HasMore()
    {
        if (_unread.Count > 0)
            return true;
        return _bug is null ? false : throw new InvalidOperationException("The game has ended on a bug.", _bug);
    }
}
