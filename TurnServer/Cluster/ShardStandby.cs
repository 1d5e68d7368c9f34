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
/// <param name="replica">What has been read of it.</param>
/// <param name="candidate">Takes over.</param>
/// <param name="id">This server, as in <see cref="ClusterMember.Id"/>.</param>
/// <param name="signs">Tell whether the owner is alive.</param>
/// <param name="clock">Measures pauses.</param>
/// <param name="messages">For the operator.</param>
/// <param name="outages">Is told when the log cannot be followed.</param>
internal sealed class ShardStandby(IShardLog log, ShardReplica replica, ShardCandidate candidate, string id,
    OwnerSigns signs, TimeProvider clock, ILogger messages, StoreOutages outages)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    // How long to wait for what the log has and this server has not, before it tries to take over again.
    private static readonly TimeSpan CatchUpPause = TimeSpan.FromMilliseconds(20);

    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(1);
    private volatile LogUnavailableException? _unavailable;
    private volatile string? _versionProblem;
    private volatile bool _isCandidate = true;

    /// <summary>Why this server could not take over now; null: it could.</summary>
    public string? Problem => _versionProblem ?? _unavailable?.Problem;

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
                var isDue = FindCause(replica.Owner) is not null;
                if (!isDue && !signs.IsAnothersTurn(replica.Owner, id))
                    continue;
                if (isDue && await TryTakeOverAsync(stop) is { } owned)
                    return owned;
                await Task.Delay(_unavailable is null ? CatchUpPause : RetryPause, clock, stop);
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
            replica.Drop();
            // Whether it can be read again is found out when this server follows again.
            _unavailable = null;
            outages.Following.Leave(log.Role);
        }
    }

    // Null: there is no reason to take over, or this server cannot.
    private string? FindCause(string? owner) => _isCandidate && replica.HasTable && _versionProblem is null
        ? signs.FindCause(owner, replica.Epoch, id)
        : null;

    private async Task<OwnedShard?> TryTakeOverAsync(CancellationToken stop)
    {
        try
        {
            return await replica.TryTakeOverAsync(id, async (follower, owner) =>
            {
                // The reason may have gone while the reader had the follower.
                if (FindCause(owner) is not { } cause)
                    return null;
                var owned = await candidate.TryTakeOverAsync(follower, owner, cause, stop);
                NoteAvailable();
                return owned;
            }, stop);
        }
        catch (LogUnavailableException e)
        {
            NoteUnavailable(e);
            return null;
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        var needsTable = true;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (needsTable || !replica.HasTable)
                    await replica.LoadAsync(log, stop);
                else if (_unavailable is not null)
                    await log.ReadHeadAsync(stop);
                needsTable = false;
                NoteAvailable();
                await foreach (var batch in log.ReadOnAsync(replica.Position, stop))
                {
                    if (!await replica.TryApplyAsync(batch, stop))
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

    // Goes on passing requests to the owner, without a table of its own.
    private async Task WatchHeadAsync(Exception reason, CancellationToken stop)
    {
        _versionProblem = reason is OtherLogVersionException
            ? $"the log holds {reason.Message}"
            : $"the log is damaged: {reason.Message}";
        Log.CannotFollow(messages, _versionProblem);
        while (true)
        {
            await SharedTicks.WaitAsync(clock, stop);
            try
            {
                replica.NoteHead(await log.ReadHeadAsync(stop));
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
        // It often follows another failure: that of the etcd which had the log.
        if (_unavailable is not { } before || (reason.HasGoneBack && !before.HasGoneBack))
            outages.Following.Begin(log.Role, reason);
        // What comes may be another history, even where it is as long: nothing of it belongs to this table.
        if (reason.HasGoneBack)
            replica.Drop();
        _unavailable = reason;
    }

    private void NoteAvailable()
    {
        _unavailable = null;
        outages.Following.End(log.Role);
    }
}
