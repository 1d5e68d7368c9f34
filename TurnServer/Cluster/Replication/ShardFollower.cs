using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cluster.Replication;

/// <summary>
/// A table that is made from the log: the latest snapshot, and the batches behind it as they come. A standby has one,
/// so that it can take over at once; the owner makes one for each snapshot it writes. Not thread-safe.
/// </summary>
internal sealed class ShardFollower
{
    private readonly RecordedKeys _keys;
    private Table? _table;
    private StateSettings? _settings;
    private Replay? _replay;

    private readonly ShardRole _role;

    private ShardFollower(ShardRole role, long position, Table? table, StateSettings? settings, RecordedKeys keys)
    {
        _role = role;
        Position = position;
        _table = table;
        _settings = settings;
        _keys = keys;
        _replay = table is null ? null : new Replay(table, keys, settings!);
    }

    /// <summary>The last batch that the table contains; 0: none.</summary>
    public long Position { get; private set; }

    /// <summary>How many requests have been replayed since the snapshot.</summary>
    public long Requests { get; private set; }

    /// <summary>The last takeover among the batches that were applied; null: none was.</summary>
    public TakeOver? LastTakeOver { get; private set; }

    /// <summary>The table; null before the first takeover. Each takeover may replace it.</summary>
    public Table? Table => _table;

    /// <summary>Whether keys count up in the table, so that a new owner has to continue the count.</summary>
    public bool HasSequentialKeys => _settings is { HasSequentialKeys: true };

    /// <summary>Begins with a snapshot, or, if there is none, with a log that is read from its first batch.</summary>
    /// <exception cref="OtherLogVersionException">Another version of this server wrote it.</exception>
    /// <exception cref="CorruptStateException">It is damaged.</exception>
    public static ShardFollower Begin(ShardSnapshot? latest, ShardRole role)
    {
        if (latest is null)
            return new ShardFollower(role, 0, null, null, new RecordedKeys());
        try
        {
            using var stream = new MemoryStream(latest.Image.ToArray(), writable: false);
            var snapshot = Snapshot.Read(stream, latest.Position, role);
            return new ShardFollower(role, latest.Position, snapshot.Table, snapshot.Settings, snapshot.Keys);
        }
        catch (OtherFormatException e)
        {
            throw new OtherLogVersionException(e.Message);
        }
    }

    /// <summary>Applies the next batch.</summary>
    /// <exception cref="OtherLogVersionException">Another version of this server wrote it.</exception>
    /// <exception cref="CorruptStateException">It is damaged, or does not fit this table.</exception>
    public void Apply(in LogBatch batch)
    {
        if (batch.Position != Position + 1)
            throw new CorruptStateException($"batch {batch.Position} after batch {Position}");
        switch (BatchContent.KindOf(batch.Content.Span))
        {
            case BatchKind.Records:
                ApplyRecords(batch.Content[BatchContent.HeadBytes..]);
                break;
            case BatchKind.TakeOver:
                Apply(TakeOver.Read(batch.Content.Span, _role));
                break;
        }

        Position = batch.Position;
    }

    /// <summary>The table as a snapshot.</summary>
    /// <exception cref="InvalidOperationException">There is no table yet.</exception>
    public ShardSnapshot ToSnapshot()
    {
        var image = new MemoryStream();
        Snapshot.Write(image, Position, isFinal: false, _settings ?? throw NoTable(), _table ?? throw NoTable());
        return new ShardSnapshot(Position, image.GetBuffer().AsMemory(0, (int)image.Length));
    }

    private void ApplyRecords(ReadOnlyMemory<byte> rest)
    {
        if (_replay is null)
            throw new CorruptStateException("records before the first takeover");
        _replay.BeginBatch();
        var before = _replay.Requests;
        while (BatchContent.TryTakeRecord(ref rest, out var record))
            _replay.Apply(record);
        Requests += _replay.Requests - before;
    }

    // The same on every server, so that all have the same table.
    private void Apply(TakeOver takeOver)
    {
        var settings = takeOver.Settings;
        if (_table is null)
            _table = new Table(settings.Rules, _keys, _role);
        else if (_settings!.Rules != settings.Rules)
            _table = _table.CopyWithRules(settings.Rules, _keys);
        _table.Resume(_keys, takeOver.Grace);
        _settings = settings;
        _replay = new Replay(_table, _keys, settings);
        LastTakeOver = takeOver;
    }

    private static InvalidOperationException NoTable() => new("Nobody has taken over the shard yet.");
}
