using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster.Placement;

/// <summary>
/// Moves shards to the servers that are to have them, one after the other: a server that is to own a shard reads its
/// log, and then asks the owner for it. So a shard moves only to a server that can reach its owner and has the table in
/// memory. Until then, and if nothing comes of it, everything stays where it is.
/// </summary>
internal sealed class ShardMover
{
    // Each move is a pause for the games of one shard; between two of them the others get their breath.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // How soon a server that is to own a shard asks for it again.
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1);

    // How long the next move waits for the end of one.
    private static readonly TimeSpan MoveTimeout = TimeSpan.FromSeconds(5);

    // For how long a server that is to stop waits for the next of its shards to be taken.
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(5);

    private readonly string _self;
    private readonly IReadOnlyList<ClusterShard> _shards;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly ShardPlacement _placement;
    private volatile IReadOnlyList<ClusterMember> _alive = [];
    private volatile bool _isLeaving;
    private int _isHandingOver;

    /// <param name="self">This server, as in <see cref="ClusterMember.Id"/>.</param>
    /// <param name="shards">All shards.</param>
    /// <param name="placement">Which servers are to have which shard.</param>
    /// <param name="clock">Measures times.</param>
    /// <param name="log">For the operator.</param>
    public ShardMover(string self, IReadOnlyList<ClusterShard> shards, ShardPlacement placement, TimeProvider clock,
        ILogger log)
    {
        _self = self;
        _shards = shards;
        _clock = clock;
        _log = log;
        _placement = placement;
    }

    /// <summary>Whether this server is about to stop.</summary>
    public bool IsLeaving => _isLeaving;

    /// <summary>Asks another server for a shard that it owns; set by what passes requests on.</summary>
    public Func<ClusterMember, int, ValueTask<bool>> Ask { get; set; } = (_, _) => default;

    /// <summary>Says which servers are registered.</summary>
    public void SetAlive(IReadOnlyList<ClusterMember> alive)
    {
        _alive = alive;
        if (!_placement.Set(alive))
            return;
        foreach (var shard in _shards)
        {
            var number = shard.Role.Number;
            shard.Signs.Prefer(_placement.First(number)?.Id);
            Follow(shard);
        }
    }

    /// <summary>Notes who owned a shard when that last changed.</summary>
    public void NoteOwner(int shard, ShardHead head)
    {
        _shards[shard].NoteOwner(head);
        Follow(_shards[shard]);
    }

    /// <summary>
    /// Hands a shard over to another server, if that is the one to have it and has been there for a while. One at a
    /// time. Returns whether it has been handed over.
    /// </summary>
    /// <param name="shard">The shard's number.</param>
    /// <param name="to">The server that asks.</param>
    public async Task<bool> TryHandOverAsync(int shard, string to)
    {
        var moving = _shards[shard];
        if (_placement.First(shard)?.Id != to || !(_isLeaving || _placement.IsSettled(to)) || moving.Route.Here is null
            || Interlocked.Exchange(ref _isHandingOver, 1) != 0)
        {
            return false;
        }

        try
        {
            await moving.HandOverAsync();
            Log.ShardMoved(_log, shard, _alive.FirstOrDefault(server => server.Id == to)?.Address ?? to);
            return true;
        }
        finally
        {
            Volatile.Write(ref _isHandingOver, 0);
        }
    }

    /// <summary>Takes the shards that this server is to have, until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                foreach (var shard in _shards)
                    await TakeAsync(shard, stop);
                await Task.Delay(AskInterval, _clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server is stopping.
        }
    }

    /// <summary>
    /// Has the others take what this server owns, one shard after the other, and hands over at once what they do not
    /// take. It takes nothing over again.
    /// </summary>
    public async Task LeaveAsync()
    {
        _isLeaving = true;
        var owned = CountOwned();
        var movedAt = _clock.GetTimestamp();
        while (owned > 0 && _alive.Any(server => server.Id != _self && !server.IsLeaving)
            && _clock.GetElapsedTime(movedAt) < LeavePatience)
        {
            await Task.Delay(Pause, _clock);
            var left = CountOwned();
            if (left < owned)
                movedAt = _clock.GetTimestamp();
            owned = left;
        }

        await Task.WhenAll(_shards.Select(shard => shard.RetireAsync()));
    }

    private bool IsStopping(ClusterMember member) =>
        _alive.Any(server => server.Id == member.Id && server.IsLeaving);

    private int CountOwned() => _shards.Count(shard => shard.Route.Here is not null);

    // The owner of a shard that does not know of it, as the acknowledgement was lost, has to take it over.
    private void Follow(ClusterShard shard) =>
        shard.IsFollowing = _placement.IsFollower(shard.Role.Number, _self) || shard.OwnerId == _self;

    private async Task TakeAsync(ClusterShard shard, CancellationToken stop)
    {
        var number = shard.Role.Number;
        // The route has the owner as it was when that was found.
        if (_isLeaving || _placement.First(number)?.Id != _self || !shard.IsCaughtUp
            || shard.Route is not { Owner: { } owner } || !(IsStopping(owner) || _placement.IsSettled(_self)))
        {
            return;
        }

        if (!await Ask(owner, number))
            return;
        var askedAt = _clock.GetTimestamp();
        while (shard.Route.Here is null && _clock.GetElapsedTime(askedAt) < MoveTimeout)
            await Task.Delay(Pause / 10, _clock, stop);
        await Task.Delay(Pause, _clock, stop);
    }
}
