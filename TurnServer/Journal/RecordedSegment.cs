using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>A journal file as an earlier process left it.</summary>
internal sealed class RecordedSegment
{
    private readonly IStateDirectory _directory;
    private readonly string _name;
    private readonly byte[] _bytes;
    private readonly SegmentHead? _head;

    /// <summary>Reads it.</summary>
    /// <exception cref="StateDamagedException">Its head is damaged.</exception>
    /// <exception cref="StateVersionException">Another version of this server wrote it.</exception>
    public RecordedSegment(IStateDirectory directory, string name, long number)
    {
        _directory = directory;
        _name = name;
        _bytes = directory.ReadAll(name);
        if (SegmentHead.IsOtherVersion(_bytes))
            throw OtherVersion("another version of this server wrote it");
        _head = SegmentHead.Read(_bytes) is { } head && head.Number == number ? head : null;
        // A server killed while creating it leaves zeros, or part of a head followed by zeros.
        if (_head is null && BytesFrom(SegmentHead.Bytes).ContainsAnyExcept((byte)0))
            throw InvalidHead();
        // No crash shortens it: its length was on the disk before the first record.
        if (_head is { } found && _bytes.Length != found.Length)
            throw Damaged($"it is {_bytes.Length} bytes long instead of {found.Length}");
    }

    /// <summary>Whether it holds no more than its first record: it was prepared, or begun and never used.</summary>
    public bool IsUnused
    {
        get
        {
            if (_head is null)
                return true;
            var position = SegmentHead.Bytes;
            var kind = Frame.Read(BytesFrom(position), Head.Salt, position, out var payload);
            // The first record alone, complete or torn.
            if (kind == FrameKind.None)
                return BytesFrom(position).LastIndexOfAnyExcept((byte)0) < Frame.Size(RecordWriter.BytesBesideBody);
            return kind == FrameKind.Good && payload[0] == (byte)RecordKind.Head
                && !BytesFrom(position + Frame.Size(payload.Length)).ContainsAnyExcept((byte)0);
        }
    }

    /// <summary>What replay discarded at its end, for the log; null for nothing.</summary>
    public string? DiscardedTail { get; private set; }

    /// <summary>Whether power loss may have taken records from its end. Known after a replay.</summary>
    public bool MayLackRecords { get; private set; }

    private SegmentHead Head => _head ?? throw InvalidHead();

    // Whether unsynced bytes may be lost: the machine may have lost power, or no reply confirmed them.
    private bool MayLackUnsynced =>
        Head.RepliesWaitForSync || Head.BootId != _directory.BootId || Head.BootId == Guid.Empty;

    /// <summary>Replays it to its end. Returns whether another segment follows.</summary>
    /// <exception cref="StateDamagedException">It is damaged.</exception>
    /// <exception cref="StateVersionException">Another version of the rules recorded it.</exception>
    public bool Replay(Replay replay) => Replay(replay.Apply);

    /// <summary>The same, with a function that takes each record and returns whether it was the last.</summary>
    public bool Replay(Func<ReadOnlyMemory<byte>, bool> apply)
    {
        var position = SegmentHead.Bytes;
        while (true)
        {
            var kind = Frame.Read(BytesFrom(position), Head.Salt, position, out var payload);
            if (kind != FrameKind.Good)
            {
                CheckTail(position, kind);
                return false;
            }

            var isLast = Apply(apply, position, payload.Length);
            position += Frame.Size(payload.Length);
            if (!isLast)
                continue;
            if (BytesFrom(position).IndexOfAnyExcept((byte)0) >= 0)
                throw Damaged($"unexpected data after its end at byte {position}");
            return true;
        }
    }

    // A file that was being created when the server was killed may be shorter than the position.
    private ReadOnlySpan<byte> BytesFrom(int position) => _bytes.AsSpan(Math.Min(position, _bytes.Length));

    private bool Apply(Func<ReadOnlyMemory<byte>, bool> apply, int position, int payloadBytes)
    {
        try
        {
            return apply(_bytes.AsMemory(position + Frame.HeaderBytes, payloadBytes));
        }
        catch (OtherRulesException e)
        {
            throw OtherVersion($"it was recorded by rules of version {e.Version}; this server has version "
                + $"{StateFormat.RulesVersion}");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is, the table differs from the one recorded and must not be used.
            throw Damaged($"the record at byte {position} cannot be replayed: {e.Message}", e);
        }
    }

    private void CheckTail(int position, FrameKind kind)
    {
        MayLackRecords = MayLackUnsynced;
        if (position < Head.SyncedBytes)
            throw Damaged($"bytes {position} to {Head.SyncedBytes} were synced and are missing");
        var rest = BytesFrom(position);
        var length = rest.LastIndexOfAnyExcept((byte)0) + 1;
        if (length == 0)
            return;
        if (MayLackUnsynced)
        {
            DiscardedTail = $"{_name}: {length} bytes at byte {position}, not synced when "
                + (Head.RepliesWaitForSync ? "the server stopped; no reply confirmed them" : "the machine stopped");
            return;
        }

        // A killed process leaves at most one record without its length, and nothing after it.
        var isTorn = kind == FrameKind.None && length <= Frame.Size(Frame.PayloadBytesMax);
        if (!isTorn || ContainsFrame(rest[..length], position))
            throw Damaged($"the bytes at {position} are not what was written");
        DiscardedTail = $"{_name}: incomplete record at byte {position} ({length} bytes)";
    }

    private bool ContainsFrame(ReadOnlySpan<byte> rest, int position)
    {
        for (var at = Frame.Size(0); at < rest.Length; at += Frame.Size(0))
        {
            if (Frame.Read(rest[at..], Head.Salt, position + at, out _) == FrameKind.Good)
                return true;
        }

        return false;
    }

    private StateDamagedException InvalidHead() => Damaged("invalid head");

    private StateDamagedException Damaged(string what, Exception? inner = null) =>
        Recovery.Damage(_directory, _name, what, inner);

    private StateVersionException OtherVersion(string what) => Recovery.OtherVersion(_directory, _name, what);
}
