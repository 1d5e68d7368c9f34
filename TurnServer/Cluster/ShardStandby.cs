using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// Follows the log, so that this server has the table in memory, and takes over as soon as there is a reason to.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="candidate">Takes over.</param>
/// <param name="id">This server, as in <see cref="ClusterMember.Id"/>.</param>
/// <param name="signs">Tell whether the owner is alive.</param>
/// <param name="clock">Measures pauses.</param>
/// <param name="messages">For the operator.</param>
internal sealed class ShardStandby(IShardLog log, ShardCandidate candidate, string id, OwnerSigns signs,
    TimeProvider clock, ILogger messages) : IDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    // How long to wait for what the log has and this server has not, before it tries to take over again.
    private static readonly TimeSpan CatchUpPause = TimeSpan.FromMilliseconds(20);

    // A probe of health waits a second for an answer.
    private static readonly TimeSpan StatisticsPatience = TimeSpan.FromMilliseconds(100);

    // How often a server that cannot follow looks who owns the shard.
    private static readonly TimeSpan HeadInterval = TimeSpan.FromSeconds(1);

    // For whoever uses the follower: the reader, the candidate, or a query.
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(1);
    private readonly TakeOverHistory _takeOvers = new();

    private ShardFollower? _follower;
    private volatile string? _owner;
    private volatile string? _problem;
    private volatile string? _versionProblem;
    private volatile bool _isCandidate = true;
    private volatile TableStatistics? _statistics;
    private long _ownerPosition;
    private long _epoch;
    private long _position;

    /// <summary>Called when the owner may have changed. Any thread.</summary>
    public Action? OwnerChanged { get; set; }

    /// <summary>The owner, as far as the log has been read; null: there is none.</summary>
    public string? Owner => _owner;

    /// <summary>How many times the shard has been taken over, as far as the log has been read.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>The last batch that this server has.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>The takeovers that this server has seen.</summary>
    public TakeOverHistory TakeOvers => _takeOvers;

    /// <summary>Why this server could not take over now; null: it could.</summary>
    public string? Problem => _versionProblem ?? _problem;

    /// <summary>Whether this server takes over when there is a reason; not once it is about to stop.</summary>
    public bool IsCandidate
    {
        get => _isCandidate;
        set => _isCandidate = value;
    }

    /// <summary>Looks whether there is a reason to take over.</summary>
    public void Reconsider() => _news.Writer.TryWrite(true);

    /// <summary>Follows until this server has taken over, or <paramref name="stop"/>; null then.</summary>
    public async Task<OwnedShard?> FollowAsync(CancellationToken stop)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reader = ReadAsync(reading.Token);
        try
        {
            while (true)
            {
                var news = _news.Reader.WaitToReadAsync(stop).AsTask();
                if (await Task.WhenAny(reader, news) == reader)
                    await reader;
                await news;
                _news.Reader.TryRead(out _);
                if (FindCause(_owner) is null)
                    continue;
                if (await TryTakeOverAsync(stop) is { } owned)
                    return owned;
                await Task.Delay(CatchUpPause, clock, stop);
                Reconsider();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            await reading.CancelAsync();
            await ((Task)reader).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _follower = null;
        }
    }

    /// <summary>Runs a query of the table; an empty one before the first takeover.</summary>
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

    // Null: there is no reason to take over, or this server cannot.
    private string? FindCause(string? owner) => _isCandidate && _follower is not null && _versionProblem is null
        ? signs.FindCause(owner, Epoch, id)
        : null;

    private async Task<OwnedShard?> TryTakeOverAsync(CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            var owner = _owner;
            // The reason may have gone while the reader had the follower.
            if (_follower is not { } follower || FindCause(owner) is not { } cause)
                return null;
            var owned = await candidate.TryTakeOverAsync(follower, owner, cause, stop);
            NoteAvailable();
            if (owned is null)
                return null;
            // The new owner's from now on; the reader ends at the next batch.
            _follower = null;
            _takeOvers.Add(follower.LastTakeOver!, follower.Position);
            SetOwner(id, owned.Epoch, follower.Position);
            return owned;
        }
        catch (LogUnavailableException e)
        {
            NoteUnavailable(e);
            return null;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        var needsTable = true;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (needsTable)
                    await LoadAsync(stop);
                else if (_problem is not null)
                    await log.ReadHeadAsync(stop);
                needsTable = false;
                NoteAvailable();
                await foreach (var batch in log.ReadOnAsync(Position, stop))
                {
                    if (!await TryApplyAsync(batch, stop))
                        return;
                }
            }
            catch (LogGapException)
            {
                needsTable = true;
                // If the snapshot does not help, this must not go round without a pause.
                await Task.Delay(RetryPause, clock, stop);
            }
            catch (LogUnavailableException e)
            {
                NoteUnavailable(e);
                await Task.Delay(RetryPause, clock, stop);
            }
            catch (Exception e) when (e is OtherLogVersionException or CorruptStateException or StateException)
            {
                await WatchHeadAsync(e, stop);
            }
        }
    }

    private async Task LoadAsync(CancellationToken stop)
    {
        // First: requests wait to know the owner. And before there is a follower: this server may have been the owner
        // until now, and does not take over without one.
        var head = await log.ReadHeadAsync(stop);
        _takeOvers.CountAfter(head.Position);
        SetOwner(head.Owner, head.Epoch, head.Position);
        var follower = ShardFollower.Begin(await log.ReadSnapshotAsync(stop));
        // Again, later than the snapshot: takeovers that it contains are not replayed.
        head = await log.ReadHeadAsync(stop);
        SetOwner(head.Owner, head.Epoch, head.Position);
        Volatile.Write(ref _position, follower.Position);
        await _gate.WaitAsync(stop);
        _follower = follower;
        _gate.Release();
        Reconsider();
    }

    // False: this server has taken over, and the table is not the reader's any more.
    private async Task<bool> TryApplyAsync(LogBatch batch, CancellationToken stop)
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
                    if (batch.Position > _ownerPosition)
                        SetOwner(follower.LastTakeOver!.Owner, Epoch + 1, batch.Position);
                    break;
                case BatchKind.HandOver when batch.Position > _ownerPosition:
                    SetOwner(null, Epoch, batch.Position);
                    break;
            }

            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private void SetOwner(string? owner, long epoch, long position)
    {
        _owner = owner;
        _ownerPosition = position;
        Volatile.Write(ref _epoch, epoch);
        Reconsider();
        OwnerChanged?.Invoke();
    }

    // Goes on passing requests to the owner, without a table of its own.
    private async Task WatchHeadAsync(Exception reason, CancellationToken stop)
    {
        _versionProblem = reason is OtherLogVersionException
            ? $"the log holds {reason.Message}"
            : $"the log is damaged: {reason.Message}";
        Log.CannotFollow(messages, _versionProblem);
        while (true)
        {
            await Task.Delay(HeadInterval, clock, stop);
            try
            {
                var head = await log.ReadHeadAsync(stop);
                if (head.Position != _ownerPosition)
                    SetOwner(head.Owner, head.Epoch, head.Position);
                NoteAvailable();
            }
            catch (LogUnavailableException e)
            {
                NoteUnavailable(e);
            }
        }
    }

    private void NoteUnavailable(LogUnavailableException reason)
    {
        if (_problem is null)
            Log.LogUnavailable(messages, reason.Message);
        _problem = $"the log does not answer: {reason.Message}";
    }

    private void NoteAvailable()
    {
        if (_problem is not null)
            Log.LogAvailable(messages);
        _problem = null;
    }
}
