using TurnServer.Cluster;
using TurnServer.Rules;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// A shard log in memory: linearizable, and as unreliable as a store behind a network is. An append may be stored with
/// its acknowledgement lost, not be stored, or be carried out at any later time, if its condition still holds then.
/// </summary>
/// <param name="capacity">See <see cref="IShardLog.Capacity"/>.</param>
/// <param name="random">Decides what happens to each call.</param>
/// <param name="stored">Called with each batch as it is stored.</param>
/// <param name="role">See <see cref="IShardLog.Role"/>.</param>
internal sealed class SimulatedLog(int capacity, SeededRandom random, Action<LogBatch> stored, ShardRole role = default)
{
    // How often a call fails, in thousandths.
    private const int FailuresPerMille = 120;

    private readonly MemoryLog _log = new(capacity);
    private readonly Dictionary<long, long> _lastPositions = [];
    private readonly List<Action> _delayed = [];

    public int Capacity => capacity;

    public ShardRole Role => role;

    public ShardHead Head => _log.Head;

    public ShardSnapshot? Snapshot => _log.Snapshot;

    /// <summary>The position of the last batch that an epoch's owner appended.</summary>
    public long LastPositionOf(long epoch) => _lastPositions.GetValueOrDefault(epoch);

    /// <summary>How many requests are recorded in the log.</summary>
    public long Requests { get; private set; }

    /// <summary>Appends whose acknowledgement was lost.</summary>
    public int Unacknowledged { get; private set; }

    /// <summary>Appends that were refused because the head was another.</summary>
    public int Refused { get; private set; }

    /// <summary>The log as one server reaches it.</summary>
    public SimulatedLogAccess For() => new(this);

    public bool TryAppend(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch)
    {
        CarryOutSome();
        // Must not change after the call: the batch's buffer is used again.
        var content = batch.ToArray();
        switch (random.Below(1000) < FailuresPerMille ? random.Below(3) : -1)
        {
            case 0:
                Store(expected, next, content);
                Unacknowledged++;
                throw Lost();
            case 1:
                throw Lost();
            case 2:
                _delayed.Add(() => Store(expected, next, content));
                throw Lost();
            default:
                return Store(expected, next, content);
        }
    }

    public bool TryWriteSnapshot(long epoch, long previous, ShardSnapshot snapshot)
    {
        var isStored = false;
        var isLost = random.Is(FailuresPerMille);
        if (!isLost || random.Is(500))
            isStored = _log.TryWriteSnapshot(epoch, previous, snapshot);
        return isLost ? throw Lost() : isStored;
    }

    public ShardHead ReadHead()
    {
        CarryOutSome();
        return random.Is(FailuresPerMille) ? throw Lost() : Head;
    }

    /// <summary>The batches behind a position that are there now.</summary>
    public List<LogBatch> ReadOn(long after) => _log.ReadOn(after);

    /// <summary>Carries out an append that was under way when its server froze or died.</summary>
    public bool Store(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> content)
    {
        if (Head == expected && next.Position - _log.SnapshotPosition > capacity)
            throw new MismatchException("no batch overwritten that no snapshot holds", $"{next.Position} stored");
        if (!_log.TryAppend(expected, next, content))
        {
            Refused++;
            return false;
        }

        _lastPositions[next.Epoch] = next.Position;
        stored(new LogBatch(next.Position, content));
        Requests += RecordedRequests.CountIn(content);
        return true;
    }

    private static LogUnavailableException Lost() => new("The simulated log does not answer.");

    private void CarryOutSome()
    {
        while (_delayed.Count > 0 && random.Is(300))
        {
            var index = random.Below(_delayed.Count);
            var late = _delayed[index];
            _delayed.RemoveAt(index);
            late();
        }
    }
}

/// <summary>
/// The log as one server reaches it. All calls complete at once, except that those of a frozen server wait until it
/// goes on.
/// </summary>
internal sealed class SimulatedLogAccess(SimulatedLog log) : IShardLog
{
    private readonly List<Action> _parked = [];

    public ShardRole Role => log.Role;

    public int Capacity => log.Capacity;

    /// <summary>Whether the server is frozen. What it has sent may be carried out all the same.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Whether an append of the frozen server reaches the log before the server goes on.</summary>
    public bool SendsBeforeFreezing { get; set; }

    /// <summary>Lets the server go on.</summary>
    public void Thaw()
    {
        (IsFrozen, SendsBeforeFreezing) = (false, false);
        var parked = _parked.ToArray();
        _parked.Clear();
        foreach (var resume in parked)
            resume();
    }

    public Task<ShardHead> ReadHeadAsync(CancellationToken stop) => Call(log.ReadHead);

    public Task<bool> TryAppendAsync(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch,
        CancellationToken stop)
    {
        if (!IsFrozen || !SendsBeforeFreezing)
            return Call(() => log.TryAppend(expected, next, batch));
        var isStored = log.Store(expected, next, batch.ToArray());
        return Call(() => isStored);
    }

    public async IAsyncEnumerable<LogBatch> ReadOnAsync(long after,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        foreach (var batch in await Call(() => log.ReadOn(after)))
            yield return batch;
    }

    public Task<ShardSnapshot?> ReadSnapshotAsync(CancellationToken stop) => Call(() => log.Snapshot);

    public Task<long> ReadSnapshotPositionAsync(CancellationToken stop) => Call(() => log.Snapshot?.Position ?? 0);

    public Task<bool> TryWriteSnapshotAsync(long epoch, long previous, ShardSnapshot snapshot,
        CancellationToken stop) => Call(() => log.TryWriteSnapshot(epoch, previous, snapshot));

    private Task<T> Call<T>(Func<T> call)
    {
        if (!IsFrozen)
            return Completed(call);
        // Continuations run on the thread that thaws the server: the simulation has one thread.
        var source = new TaskCompletionSource<T>();
        _parked.Add(() =>
        {
            try
            {
                source.SetResult(call());
            }
            catch (Exception e) when (e is LogUnavailableException or LogGapException or MismatchException)
            {
                source.SetException(e);
            }
        });
        return source.Task;
    }

    private static Task<T> Completed<T>(Func<T> call)
    {
        try
        {
            return Task.FromResult(call());
        }
        catch (Exception e) when (e is LogUnavailableException or LogGapException or MismatchException)
        {
            return Task.FromException<T>(e);
        }
    }
}
