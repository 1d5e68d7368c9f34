using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>
/// Whoever has the table at the moment: the actor, or a server of a cluster, which may only follow what the owner does.
/// Any thread may ask.
/// </summary>
public interface ITableQueries
{
    /// <summary>
    /// Whoever has the parts of the table that this server knows: in a cluster with shards there are several.
    /// </summary>
    IReadOnlyList<ITableQueries> Parts => [this];

    /// <summary>The statistics of the table and of what handles its requests, taken between two changes.</summary>
    /// <exception cref="ActorBusyException">The mailbox is full.</exception>
    /// <exception cref="ActorFailedException">The actor failed.</exception>
    Task<ActorStatistics> GetStatisticsAsync();

    /// <summary>
    /// Runs a read-only query of the table, which must not block: it may run on the caller's thread. The result must
    /// not refer to the table.
    /// </summary>
    /// <exception cref="ActorBusyException">As above.</exception>
    /// <exception cref="ActorFailedException">As above.</exception>
    Task<T> QueryAsync<T>(Func<Table, T> read);
}
