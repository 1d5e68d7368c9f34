using TurnServer.Actor;
using TurnServer.Cluster;

namespace TurnServer.Cli;

/// <summary>What a run of the server stands on: where the table is, and what keeps it.</summary>
internal interface ITableHost : IDisposable
{
    /// <summary>Whoever has the table.</summary>
    ITableQueries Table { get; }

    /// <summary>Answers players.</summary>
    IPlayerGateway Gateway { get; }

    /// <summary>Tells what the cluster looks like from here, at once and on any thread; null: no cluster.</summary>
    Func<ClusterStatus>? ClusterStatus { get; }

    /// <summary>Completes when another server has become the owner, or this one; null: no cluster.</summary>
    Func<Task>? RoleChanged { get; }

    /// <summary>
    /// Makes ready to run. To be called once the ports are open: a server that cannot listen must change nothing.
    /// </summary>
    /// <exception cref="Journal.StateException">The disk is full; the message is for the operator.</exception>
    /// <exception cref="Http.CannotListenException">A port is taken; the message is for the operator.</exception>
    void Begin();

    /// <summary>
    /// Runs until <see cref="FinishAsync"/>. Fails when anything behind it fails, which it has logged.
    /// </summary>
    Task RunAsync();

    /// <summary>
    /// Has all held replies answered, and hands over to whoever follows. False: it has failed, and the process must
    /// end.
    /// </summary>
    Task<bool> DrainAsync();

    /// <summary>
    /// Ends it, once no request is under way, and keeps what has to be kept. False: that failed before.
    /// </summary>
    /// <exception cref="Journal.StateException">The games cannot be written.</exception>
    Task<bool> FinishAsync();

    /// <summary>Ends it after a failure: nothing uses its files any more.</summary>
    Task AbortAsync();
}
