using System.Runtime.CompilerServices;
using TurnServer.Cluster;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Support;

/// <summary>A shard log and the members of a cluster in memory, which the servers of a test share.</summary>
/// <param name="role">Which shard the log is of.</param>
internal sealed class SharedStore(ShardRole role = default)
{
    public const int Capacity = 200;

    private readonly Lock _gate = new();
    private readonly MemoryLog _log = new(Capacity);
    private readonly Dictionary<string, ClusterMember> _members = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ShardHead _lastOwned;

    public ShardRole Role => role;

    public ShardHead Head => Locked(() => _log.Head);

    /// <summary>The head as it was when its owner last changed.</summary>
    public ShardHead LastOwned => Locked(() => _lastOwned);

    public ShardSnapshot? Snapshot => Locked(() => _log.Snapshot);

    /// <summary>The store as one server reaches it.</summary>
    public StoreAccess Connect() => new(this);

    /// <summary>Completes with the next change.</summary>
    public Task NextChange => Locked(() => _changed.Task);

    /// <summary>Appends a batch as some other server.</summary>
    public void Append(ShardHead next, ReadOnlyMemory<byte> batch) =>
        Assert.That(TryAppend(Head, next, batch), Is.True);

    public bool TryAppend(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch) =>
        Changed(() =>
        {
            if (!_log.TryAppend(expected, next, batch.ToArray()))
                return false;
            if (next.Epoch != expected.Epoch || next.Owner != expected.Owner)
                _lastOwned = next;
            return true;
        });

    public bool TryWriteSnapshot(long epoch, long previous, ShardSnapshot snapshot) =>
        Changed(() => _log.TryWriteSnapshot(epoch, previous, snapshot));

    public List<LogBatch> ReadOn(long after) => Locked(() => _log.ReadOn(after));

    /// <summary>Lets everybody look again.</summary>
    public void EndWaits() => Changed(() => true);

    public IReadOnlyList<ClusterMember> Members => Locked(() => _members.Values.ToList());

    public void SetMember(ClusterMember member) => Changed(() => _members[member.Id] = member);

    /// <summary>As when a registration runs out.</summary>
    public void RemoveMember(string id) => Changed(() => _members.Remove(id));

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
            return read();
    }

    private T Changed<T>(Func<T> change)
    {
        TaskCompletionSource before;
        T result;
        lock (_gate)
        {
            result = change();
            before = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
        return result;
    }
}

/// <summary>A store as one server reaches it: it may be cut off, or wait.</summary>
internal sealed class StoreAccess(SharedStore store) : IShardLog, IClusterMembers
{
    private volatile SharedStore _store = store;
    private volatile bool _isCutOff;
    private volatile TaskCompletionSource? _frozen;

    public ShardRole Role => _store.Role;

    public int Capacity => SharedStore.Capacity;

    /// <summary>Whether the store does not answer this server.</summary>
    public bool IsCutOff
    {
        get => _isCutOff;
        set => _isCutOff = value;
    }

    /// <summary>Has another store answer from now on.</summary>
    public void SwitchTo(SharedStore other)
    {
        var before = _store;
        _store = other;
        before.EndWaits();
    }

    /// <summary>Whether a member that stops is removed at once.</summary>
    public bool Unregisters { get; set; } = true;

    public void Freeze() => _frozen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw()
    {
        var frozen = _frozen;
        _frozen = null;
        frozen?.SetResult();
    }

    public Task<ShardHead> ReadHeadAsync(CancellationToken stop) => CallAsync(() => _store.Head);

    public Task<bool> TryAppendAsync(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch,
        CancellationToken stop) => CallAsync(() => _store.TryAppend(expected, next, batch));

    public async IAsyncEnumerable<LogBatch> ReadOnAsync(long after, [EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
        {
            var changed = NextChange();
            foreach (var batch in await CallAsync(() => _store.ReadOn(after)))
            {
                yield return batch;
                after = batch.Position;
            }

            await changed.WaitAsync(stop);
        }
    }

    public Task<ShardSnapshot?> ReadSnapshotAsync(CancellationToken stop) => CallAsync(() => _store.Snapshot);

    public Task<long> ReadSnapshotPositionAsync(CancellationToken stop) =>
        CallAsync(() => _store.Snapshot?.Position ?? 0);

    public Task<bool> TryWriteSnapshotAsync(long epoch, long previous, ShardSnapshot snapshot,
        CancellationToken stop) => CallAsync(() => _store.TryWriteSnapshot(epoch, previous, snapshot));

    public async Task RegisterAsync(Func<ClusterMember> self, CancellationToken stop)
    {
        _store.SetMember(self());
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Unregisters)
            _store.RemoveMember(self().Id);
    }

    public async IAsyncEnumerable<IReadOnlyList<ClusterMember>> WatchAsync(
        [EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
        {
            var changed = NextChange();
            yield return _store.Members;
            await changed.WaitAsync(stop);
        }
    }

    // Of the store that answers: one that was replaced changes no more.
    private Task NextChange()
    {
        while (true)
        {
            var store = _store;
            var changed = store.NextChange;
            if (store == _store)
                return changed;
        }
    }

    private async Task<T> CallAsync<T>(Func<T> call)
    {
        // Never on the caller's thread, as over a network.
        await Task.Yield();
        if (_frozen is { } frozen)
            await frozen.Task;
        if (_isCutOff)
            throw new LogUnavailableException("The test's store is cut off.");
        return call();
    }
}
