using TurnServer.Cluster.Link;

namespace TurnServer.Cluster;

/// <summary>A shard's use of the link to the server that owns it. Any thread may use it.</summary>
/// <param name="links">The links to all servers.</param>
/// <param name="signs">Are told whether the owner can be reached.</param>
/// <param name="clock">Measures for how long it cannot.</param>
internal sealed class ShardLink(NodeLinks links, OwnerSigns signs, TimeProvider clock)
{
    // Longer than a takeover takes: until then players wait here, instead of being sent elsewhere by a load balancer.
    private static readonly TimeSpan UnreachableAfter = TimeSpan.FromSeconds(5);

    // The same, for an owner that goes on appending: nobody is going to replace it.
    private static readonly TimeSpan OutOfReachAfter = TimeSpan.FromSeconds(1);

    // Less than an attempt to connect takes, so that no request waits for a second one.
    private static readonly TimeSpan LostAfter = LinkLimits.ConnectTimeout * 0.75;

    // Taken before that of the links.
    private readonly Lock _gate = new();
    private NodeLink? _link;
    private long _chosenAt;

    /// <summary>Whether the link to the owner works, as far as is known.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_gate)
                return _link is { IsConnected: true };
        }
    }

    /// <summary>
    /// Whether players should go to another server: the owner has not been reached for longer than a takeover takes, or
    /// lives on out of reach.
    /// </summary>
    public bool IsUnreachable => Disconnected is { } disconnected && (disconnected >= UnreachableAfter
        || (disconnected >= OutOfReachAfter && signs.Quiet <= disconnected - OutOfReachAfter));

    /// <summary>
    /// Whether the owner has fallen silent, and nobody has taken over as far as is known here. If the store is silent
    /// too, this server is the one that is cut off. A process that is gone is not lost in this sense: whoever takes
    /// over may have to wait for the store's next leader.
    /// </summary>
    public bool IsLost
    {
        get
        {
            lock (_gate)
            {
                return _link is { IsRefused: false, DisconnectedAt: { } at }
                    && clock.GetElapsedTime(Math.Max(at, _chosenAt)) >= LostAfter;
            }
        }
    }

    /// <summary>
    /// For how long the owner has not been reached since it became the owner; null: it is reached, or this server owns
    /// the shard.
    /// </summary>
    public TimeSpan? Disconnected
    {
        get
        {
            lock (_gate)
                return _link?.DisconnectedAt is { } at ? clock.GetElapsedTime(Math.Max(at, _chosenAt)) : null;
        }
    }

    /// <summary>
    /// Connects to a new owner before the first request, and again whenever the link is lost. May be called under the
    /// shard's lock.
    /// </summary>
    /// <param name="owner">Null: this server.</param>
    public void Connect(ClusterMember? owner)
    {
        lock (_gate)
        {
            var link = links.Move(signs, _link, owner);
            if (link != _link)
                (_link, _chosenAt) = (link, clock.GetTimestamp());
        }
    }
}
