using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>One file of the journal as an earlier process has left it.</summary>
internal sealed class RecordedSegment
{
    private readonly IStateDirectory _directory;
    private readonly string _name;
    private readonly byte[] _bytes;
    private readonly SegmentHead? _found;

    /// <summary>Reads it.</summary>
    /// <exception cref="StateDamagedException">Its head is not the one it should have.</exception>
    /// <exception cref="StateVersionException">It is of another version of this server.</exception>
    public RecordedSegment(IStateDirectory directory, string name, long number)
    {
        _directory = directory;
        _name = name;
        _bytes = directory.ReadAll(name);
        if (SegmentHead.IsOtherVersion(_bytes))
            throw OtherVersion("another version of this server wrote it");
        _found = SegmentHead.Read(_bytes) is { } head && head.Number == number ? head : null;
        // A server that is killed while it makes one leaves bytes 0, or a part of a head before them.
        if (_found is null && From(SegmentHead.Bytes).ContainsAnyExcept((byte)0))
            throw WithoutHead();
        // No crash makes it shorter: its length was on the disk before anything was recorded in it.
        if (_found is { } found && _bytes.Length != found.Length)
            throw Damaged($"it is {_bytes.Length} bytes long, and was made with {found.Length}");
    }

    /// <summary>
    /// Whether nothing has been recorded in it: it was prepared, or begun by a server that never played.
    /// </summary>
    public bool IsUnused
    {
        get
        {
            if (_found is null)
                return true;
            var position = SegmentHead.Bytes;
            var kind = Frame.Read(From(position), Head.Salt, position, out var payload);
            // Its first record alone, whole or torn.
            if (kind == FrameKind.None)
                return From(position).LastIndexOfAnyExcept((byte)0) < Frame.Size(RecordWriter.BytesBesideBody);
            return kind == FrameKind.Good && payload[0] == (byte)RecordKind.Head
                && !From(position + Frame.Size(payload.Length)).ContainsAnyExcept((byte)0);
        }
    }

    private SegmentHead Head => _found ?? throw WithoutHead();

    /// <summary>What was left out at its end; null: nothing.</summary>
    public string? Cut { get; private set; }

    /// <summary>
    /// Whether what was not synced may be lost: the machine may have lost power since it was written, or nobody was
    /// told of it.
    /// </summary>
    private bool MayBeLossy => Head.RepliesWaitForSync || Head.BootId != _directory.BootId || Head.BootId == Guid.Empty;

    /// <summary>Whether its end may be lost with the machine's power. To be asked after a replay.</summary>
    public bool MayLackItsEnd { get; private set; }

    /// <summary>Replays it to its end. Returns whether another follows.</summary>
    /// <exception cref="StateDamagedException">What is there is not what was written.</exception>
    /// <exception cref="StateVersionException">It is of another version of the rules.</exception>
    public bool Replay(Replay replay) => Replay(replay.Take);

    /// <summary>The same, for whoever takes the records, and says which is the last.</summary>
    public bool Replay(Func<ReadOnlyMemory<byte>, bool> take)
    {
        var position = SegmentHead.Bytes;
        while (true)
        {
            var kind = Frame.Read(From(position), Head.Salt, position, out var payload);
            if (kind != FrameKind.Good)
            {
                CheckEnd(position, kind);
                return false;
            }

            var isLast = Take(take, position, payload.Length);
            position += Frame.Size(payload.Length);
            if (!isLast)
                continue;
            if (From(position).IndexOfAnyExcept((byte)0) >= 0)
                throw Damaged($"something stands behind its end at byte {position}");
            return true;
        }
    }

    // One that was being made when the server was killed may end anywhere.
    private ReadOnlySpan<byte> From(int position) => _bytes.AsSpan(Math.Min(position, _bytes.Length));

    private bool Take(Func<ReadOnlyMemory<byte>, bool> take, int position, int payloadBytes)
    {
        try
        {
            return take(_bytes.AsMemory(position + Frame.HeaderBytes, payloadBytes));
        }
        catch (OtherRulesException e)
        {
            throw OtherVersion($"it was recorded by rules of version {e.Version}, and these are of version "
                + $"{StateFormat.RulesVersion}");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is, the table is not what it was: it must not be played on.
            throw Damaged($"the record at byte {position} cannot be replayed: {e.Message}", e);
        }
    }

    private void CheckEnd(int position, FrameKind kind)
    {
        MayLackItsEnd = MayBeLossy;
        if (position < Head.SyncedBytes)
            throw Damaged($"bytes {position} to {Head.SyncedBytes} had been synced, and are missing");
        var rest = From(position);
        var length = rest.LastIndexOfAnyExcept((byte)0) + 1;
        if (length == 0)
            return;
        if (MayBeLossy)
        {
            Cut = $"{_name}: {length} bytes from byte {position} on, which had not been synced when "
                + (Head.RepliesWaitForSync ? "the server stopped: no client was answered" : "the machine stopped");
            return;
        }

        // Of a record that a killed process has not completed the length is missing, and nothing can stand behind it.
        var isTorn = kind == FrameKind.None && length <= Frame.Size(Frame.PayloadBytesMax);
        if (!isTorn || FindsFrame(rest[..length], position))
            throw Damaged($"what stands at byte {position} is not what was written");
        Cut = $"{_name}: the record at byte {position} is incomplete ({length} bytes)";
    }

    private bool FindsFrame(ReadOnlySpan<byte> rest, int position)
    {
        for (var at = Frame.Size(0); at < rest.Length; at += Frame.Size(0))
        {
            if (Frame.Read(rest[at..], Head.Salt, position + at, out _) == FrameKind.Good)
                return true;
        }

        return false;
    }

    private StateDamagedException WithoutHead() => Damaged("its head is not what was written");

    private StateDamagedException Damaged(string what, Exception? inner = null) =>
        Recovery.Damage(_directory, _name, what, inner);

    private StateVersionException OtherVersion(string what) => Recovery.OtherVersion(_directory, _name, what);
}
