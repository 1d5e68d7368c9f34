using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// The table of a shard as far as this server has read the log, who owns it, and the takeovers on the way. Any thread.
/// </summary>
/// <param name="signs">Are told what the owner does.</param>
/// <param name="ownerChanged">Called when the owner may have changed.</param>
internal sealed class ShardReplica(OwnerSigns signs, Action ownerChanged) : IDisposable
{
    // A probe of health waits a second for an answer.
    private static readonly TimeSpan StatisticsPatience = TimeSpan.FromMilliseconds(100);

    // For whoever uses the follower: the reader of the log, who takes over, or a query.
    private readonly SemaphoreSlim _gate = new(1);
    private readonly TakeOverHistory _takeOvers = new();
    private readonly Lock _ownerGate = new();
    private volatile ShardFollower? _follower;
    private volatile string? _owner;
    private volatile TableStatistics? _statistics;
    private volatile bool _hasLoaded;
    private long _ownerPosition;
    private long _goal = long.MaxValue;
    private long _epoch;
    private long _position;

    /// <summary>The owner; null: there is none.</summary>
    public string? Owner => _owner;

    /// <summary>How many times the shard has been taken over.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>The last batch.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>The takeovers that this server has seen.</summary>
    public TakeOverHistory TakeOvers => _takeOvers;

    /// <summary>Whether there is a table here, and not with an owner on this server.</summary>
    public bool HasTable => _follower is not null;

    /// <summary>Whether this server has read the log since its start.</summary>
    public bool HasLoaded => _hasLoaded;

    /// <summary>Whether this server could take over without reading for long.</summary>
    public bool IsCaughtUp => HasTable && Position >= Volatile.Read(ref _goal);

    /// <summary>Begins with what the log has: its latest snapshot, or an empty table.</summary>
    /// <exception cref="LogUnavailableException">The log does not answer.</exception>
    /// <exception cref="StateException">The snapshot cannot be used.</exception>
    public async Task LoadAsync(IShardLog log, CancellationToken stop)
    {
        // First: requests wait to know the owner. And before there is a follower: this server may have been the owner
        // until now, and does not take over without one.
        var head = await log.ReadHeadAsync(stop);
        _takeOvers.CountAfter(head.Position);
        SetOwner(head.Owner, head.Epoch, head.Position);
        var follower = ShardFollower.Begin(await log.ReadSnapshotAsync(stop), log.Role);
        // Again, later than the snapshot: takeovers that it contains are not replayed.
        head = await log.ReadHeadAsync(stop);
        SetOwner(head.Owner, head.Epoch, head.Position);
        Volatile.Write(ref _position, follower.Position);
        Volatile.Write(ref _goal, head.Position);
        await _gate.WaitAsync(stop);
        _follower = follower;
        _gate.Release();
        _hasLoaded = true;
        ownerChanged();
    }

    /// <summary>Applies the next batch. False: the table is an owner's on this server.</summary>
    /// <exception cref="StateException">The batch cannot be applied.</exception>
    public async Task<bool> TryApplyAsync(LogBatch batch, CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            if (_follower is not { } follower)
                return false;
            follower.Apply(batch);
            Volatile.Write(ref _position, batch.Position);
            signs.NoteAppended();
            switch (BatchContent.KindOf(batch.Content.Span))
            {
                case BatchKind.TakeOver:
                    _takeOvers.Add(follower.LastTakeOver!, batch.Position);
                    signs.NoteAlive(follower.LastTakeOver!.Owner);
                    SetOwner(follower.LastTakeOver!.Owner, Epoch + 1, batch.Position, onlyIfLater: true);
                    break;
                case BatchKind.HandOver:
                    SetOwner(null, Epoch, batch.Position, onlyIfLater: true);
                    break;
            }

            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Notes who owns the shard, without the batches up to then.</summary>
    public void NoteHead(ShardHead head)
    {
        if (head.Position != _ownerPosition)
            SetOwner(head.Owner, head.Epoch, head.Position);
    }

    /// <summary>
    /// Notes who owned the shard when that last changed; what this server has read itself may be later.
    /// </summary>
    public void NoteOwner(ShardHead head)
    {
        SetOwner(head.Owner, head.Epoch, head.Position, onlyIfLater: true);
    }

    /// <summary>Takes over, and gives the table to the new owner. Null: there is none here, or it failed.</summary>
    /// <param name="id">This server.</param>
    /// <param name="tryTakeOverAsync">Takes over from this owner; null: it failed.</param>
    /// <param name="stop">Ends the wait for the table.</param>
    public async Task<OwnedShard?> TryTakeOverAsync(string id,
        Func<ShardFollower, string?, Task<OwnedShard?>> tryTakeOverAsync, CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            if (_follower is not { } follower || await tryTakeOverAsync(follower, _owner) is not { } owned)
                return null;
            // The new owner's from now on; the reader ends at the next batch.
            _follower = null;
            _takeOvers.Add(follower.LastTakeOver!, follower.Position);
            SetOwner(id, owned.Epoch, follower.Position);
            return owned;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Forgets the table.</summary>
    public void Drop() => _follower = null;

    /// <summary>Runs a query of the table; an empty one if there is none.</summary>
    public async Task<T> QueryAsync<T>(Func<Table, T> read)
    {
        await _gate.WaitAsync();
        try
        {
            return read(CurrentTable);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// The statistics of the table; those of before while this server tries to take over, which may take seconds when
    /// the log does not answer.
    /// </summary>
    public async Task<TableStatistics> GetStatisticsAsync()
    {
        if (!await _gate.WaitAsync(_statistics is null ? Timeout.InfiniteTimeSpan : StatisticsPatience))
            return _statistics!;
        try
        {
            return _statistics = CurrentTable.GetStatistics();
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private Table CurrentTable => _follower?.Table ?? new Table(new RulesOptions(), new RecordedKeys());

    // Both the log and the map of owners tell; the later one counts.
    private void SetOwner(string? owner, long epoch, long position, bool onlyIfLater = false)
    {
        lock (_ownerGate)
        {
            if (onlyIfLater && position <= _ownerPosition)
                return;
            if (owner is null)
                signs.NoteOwnerless();
            _owner = owner;
            _ownerPosition = position;
            Volatile.Write(ref _epoch, epoch);
        }

        ownerChanged();
    }
}
