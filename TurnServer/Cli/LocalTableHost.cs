using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>A server alone: an actor, and the files that keep its state, if any.</summary>
internal sealed class LocalTableHost : ITableHost
{
    private readonly TurnActor _actor;
    private readonly StateLifecycle? _state;
    private readonly JournalCounters _counters;
    private Task _actorLoop = Task.CompletedTask;

    /// <param name="options">The server's.</param>
    /// <param name="state">The state; null: in memory only.</param>
    /// <param name="counters">Counts what the journal does.</param>
    /// <param name="log">For the operator.</param>
    public LocalTableHost(ServeOptions options, StateLifecycle? state, JournalCounters counters, ILogger log)
    {
        _state = state;
        _counters = counters;
        _actor = new TurnActor(state?.Table ?? new Table(options.Rules, Server.CreateKeySource(options, null)),
            TimeProvider.System, log);
        _actor.ExtendDeadlinesOnSuspension(options.State.GraceUnder(options.Rules));
        Gateway = new TurnGateway(_actor, options.Http.WaitSecondsMax, log);
    }

    /// <inheritdoc/>
    public ITableQueries Table => _actor;

    /// <inheritdoc/>
    public IPlayerGateway Gateway { get; }

    /// <inheritdoc/>
    public Func<ClusterStatus>? ClusterStatus => null;

    /// <inheritdoc/>
    public Func<Task>? RoleChanged => null;

    /// <inheritdoc/>
    public void Begin()
    {
        if (_state is not null)
            _actor.RecordIn(_state.Begin(_counters));
    }

    /// <inheritdoc/>
    public async Task RunAsync()
    {
        _actorLoop = _actor.RunAsync();
        if (_state is null)
        {
            await _actorLoop;
            return;
        }

        var stateLoop = _state.RunAsync(query => ActorProbe.TryInspectAsync(_actor, query, TimeProvider.System));
        await await Task.WhenAny(_actorLoop, stateLoop);
    }

    /// <inheritdoc/>
    public async Task<bool> DrainAsync()
    {
        var drained = _actor.DrainAsync();
        await Task.WhenAny(drained, _actorLoop);
        if (_actorLoop.IsCompleted)
            return false;
        await drained;
        return true;
    }

    /// <inheritdoc/>
    public async Task<bool> FinishAsync()
    {
        _actor.Stop();
        await _actorLoop;
        return _state is null || await _state.FinishAsync();
    }

    /// <inheritdoc/>
    public async Task AbortAsync()
    {
        // The actor must stop before the state's files are closed.
        _actor.Stop();
        await _actorLoop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _actor.Dispose();
        _state?.Dispose();
    }
}
