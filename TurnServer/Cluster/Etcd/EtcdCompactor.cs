using Etcdserverpb;
using Grpc.Core;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// Compacts etcd's history: without that, etcd keeps every batch that has been overwritten, until its space is used up.
/// It is done in the background by each server that appends, for all its logs together as etcd has one history, up to
/// the append before the last one: etcd before 3.4.32 and 3.5.14 can lose revisions in a crash when nothing but a
/// deletion follows the compacted one. A failure does no harm; the next time makes up for it. Any thread.
/// </summary>
/// <param name="connection">Where etcd is.</param>
/// <param name="time">For tests; null: the system's.</param>
internal sealed class EtcdCompactor(EtcdConnection connection, TimeProvider? time = null) : IAsyncDisposable
{
    // What etcd needs to keep a transaction, besides its keys and values.
    private const int OverheadBytes = 256;

    // As much history as is worth the work, and as much as is not waited for any longer.
    private const long BytesMin = 16 << 20;
    private const long BytesMax = 128 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private long? _startedAt;
    private long _beforeLast;
    private long _last;
    private long _bytes;
    private bool _isWanted;
    private Task _compacting = Task.CompletedTask;
    private volatile string? _error;

    /// <summary>Why the latest attempt failed, and what to do if that is known; null if it did not.</summary>
    public string? Error => _error;

    /// <summary>The compaction that was started last.</summary>
    public Task Compacting
    {
        get
        {
            lock (_lock)
                return _compacting;
        }
    }

    /// <summary>Counts an append to any log, and compacts if it is time.</summary>
    /// <param name="revision">The revision that etcd gave it.</param>
    /// <param name="bytes">The size of the transaction.</param>
    public void Appended(long revision, int bytes)
    {
        lock (_lock)
        {
            // What several logs are told of their appends comes in any order, and some of them are one transaction.
            if (revision != _last)
                _beforeLast = Math.Max(_beforeLast, Math.Min(_last, revision));
            _last = Math.Max(_last, revision);
            _bytes += bytes + OverheadBytes;
            StartIfDue();
        }
    }

    /// <summary>Makes the next append compact, if the latest compaction is not too recent.</summary>
    public void SnapshotWritten(int bytes)
    {
        lock (_lock)
        {
            _bytes += bytes;
            _isWanted = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Compacting;
        _stop.Dispose();
    }

    /// <summary>The error, and the remedy if etcd does not permit a compaction.</summary>
    public static string Describe(LogUnavailableException e) =>
        e.IsDenied ? $"{e.Message}. {EtcdError.RootRemedy}" : e.Message;

    private void StartIfDue()
    {
        if (!_compacting.IsCompleted || _beforeLast == 0 || _stop.IsCancellationRequested)
            return;
        var isRecent = _startedAt is { } at && _time.GetElapsedTime(at) < Pause;
        if (isRecent ? _bytes < BytesMax : _bytes < BytesMin && !_isWanted)
            return;
        _startedAt = _time.GetTimestamp();
        _bytes = 0;
        _isWanted = false;
        _compacting = CompactAsync(_beforeLast);
    }

    private async Task CompactAsync(long revision)
    {
        try
        {
            var request = new CompactionRequest { Revision = revision };
            await connection.ReadAsync(
                (etcd, options) => etcd.Kv.CompactAsync(request, options).ResponseAsync, _stop.Token, Timeout);
            _error = null;
        }
        catch (LogUnavailableException e) when (e.InnerException is RpcException { StatusCode: StatusCode.OutOfRange })
        {
            // Somebody else has compacted as far.
            _error = null;
        }
        catch (LogUnavailableException e)
        {
            _error = Describe(e);
            // Again with the first append after the pause.
            lock (_lock)
                _isWanted = true;
        }
        catch (OperationCanceledException)
        {
            // Disposed of.
        }
    }
}
