using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>
/// What the server's ports lead to while it does not know yet how many shards the cluster has, and from then on: until
/// then requests wait, for as long as they wait for an owner.
/// </summary>
/// <param name="clock">Measures how long.</param>
internal sealed class ClusterEntrance(TimeProvider clock) : IPlayerGateway, ITableQueries
{
    private readonly TaskCompletionSource<ClusterRun> _run =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Why it is not known yet, to be part of a sentence.</summary>
    public string Problem { get; set; } = "this server has not read the log yet";

    /// <summary>The parts that depend on it; null: not known yet.</summary>
    public ClusterRun? Run => _run.Task.IsCompletedSuccessfully ? _run.Task.Result : null;

    /// <summary>Completes when it is known.</summary>
    public Task Opened => _run.Task;

    /// <summary>Lets requests through.</summary>
    public void Open(ClusterRun run) => _run.SetResult(run);

    /// <inheritdoc/>
    public async ValueTask<WireReply> AskAsync(ReadOnlyMemory<byte> body, string? received, int waitSeconds,
        ClientAddress from, bool mayResumeInline = false) => await WaitAsync() is { } run
        ? await run.Gateway.AskAsync(body, received, waitSeconds, from, mayResumeInline)
        : WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy));

    /// <inheritdoc/>
    public async ValueTask<WireReply> GetWaitingAsync(string query) => await WaitAsync() is { } run
        ? await run.Gateway.GetWaitingAsync(query)
        : WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy));

    /// <summary>Answers another server.</summary>
    public ValueTask<ForwardAnswer> AnswerAsync(ForwardedRequest request) =>
        Run?.Gateway.AnswerAsync(request) ?? new ValueTask<ForwardAnswer>(ForwardAnswer.NotTaken);

    /// <inheritdoc/>
    public IReadOnlyList<ITableQueries> Parts => Run?.Overview.Parts ?? [];

    /// <inheritdoc/>
    public Task<ActorStatistics> GetStatisticsAsync() => Run?.Overview.GetStatisticsAsync()
        ?? Task.FromResult(ActorStatistics.WithoutActor(new TableStatistics(), Problem));

    /// <inheritdoc/>
    public Task<T> QueryAsync<T>(Func<Table, T> read) => Run?.Overview.QueryAsync(read)
        ?? Task.FromResult(read(new Table(new RulesOptions(), new RandomKeySource())));

    private async ValueTask<ClusterRun?> WaitAsync()
    {
        if (Run is { } run)
            return run;
        await Task.WhenAny(_run.Task, Task.Delay(ClusterGateway.OwnerTimeout, clock));
        return Run;
    }
}
