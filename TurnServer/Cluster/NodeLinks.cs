using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster;

/// <summary>
/// The links to the other servers that own shards: one for each server, however many shards it owns. Any thread may use
/// it.
/// </summary>
/// <param name="ownId">This server, as in <see cref="ClusterMember.Id"/>.</param>
/// <param name="clock">For the links' timeouts.</param>
/// <param name="log">For the operator.</param>
internal sealed class NodeLinks(string ownId, TimeProvider clock, ILogger log) : IDisposable
{
    // Taken before that of a link.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, NodeLink> _links = [];
    private readonly CancellationTokenSource _stop = new();
    private bool _isStopped;

    /// <summary>Creates what keeps a shard linked to its owner.</summary>
    /// <param name="signs">Are told whether the shard's owner can be reached.</param>
    public ShardLink For(OwnerSigns signs) => new(this, signs, clock);

    /// <summary>
    /// Passes a request on. <see cref="ForwardAnswer.NotTaken"/> if no shard is linked to that server: a request that
    /// is late to learn of a new owner must not bring back the link to the earlier one.
    /// </summary>
    public ValueTask<ForwardAnswer> AskAsync(ClusterMember server, ForwardedRequest request)
    {
        NodeLink? link;
        lock (_gate)
            _links.TryGetValue(server.Id, out link);
        return link?.AskAsync(request) ?? new ValueTask<ForwardAnswer>(ForwardAnswer.NotTaken);
    }

    /// <summary>
    /// Moves a shard from one link to another. Opens the link if it is the first shard there, and closes the earlier
    /// one if it was the last.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="from">Its link until now; null: none.</param>
    /// <param name="to">The server to link it to; null: none.</param>
    /// <returns>Its link from now on; after <see cref="Dispose"/>, the same as before.</returns>
    public NodeLink? Move(OwnerSigns shard, NodeLink? from, ClusterMember? to)
    {
        lock (_gate)
        {
            if (_isStopped || from?.Server == to?.Id)
                return from;
            if (from is not null && !from.Remove(shard))
            {
                _links.Remove(from.Server);
                from.Close();
            }

            return to is null ? null : Link(shard, to);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            foreach (var link in _links.Values)
                link.Close();
        }

        // Not disposed of: connecting may still use its token.
        _stop.Cancel();
    }

    private NodeLink Link(OwnerSigns shard, ClusterMember server)
    {
        if (_links.TryGetValue(server.Id, out var link))
        {
            link.Add(shard);
            return link;
        }

        link = new NodeLink(server, ownId, clock, log, _stop.Token);
        _links.Add(server.Id, link);
        link.Add(shard);
        link.Open();
        return link;
    }
}
