using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>
/// Asks the actor for its statistics, within the same time limit for health checks, metrics, status and the service
/// manager. A question that is still open is not asked again: the mailbox of an actor that hangs must not fill. Any
/// thread may ask.
/// </summary>
/// <param name="count">Puts the question to the actor.</param>
/// <param name="clock">Measures the time limit.</param>
public sealed class ActorProbe(Func<Task<ActorStatistics>> count, TimeProvider clock)
{
    /// <summary>How long the actor has to answer; it needs a few microseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private volatile Task<ActorStatistics>? _asked;

    /// <summary>The statistics; null when the actor did not answer in time.</summary>
    public async Task<ActorStatistics?> GetStatisticsAsync(CancellationToken stop = default)
    {
        // Not under a lock: an idle actor answers on this thread.
        if (_asked is not { IsCompleted: false } asked)
            _asked = asked = count();
        return await IsAnsweredAsync(asked, clock, stop) ? await asked : null;
    }

    /// <summary>
    /// Why players cannot play, or would lose their games in a crash; null: all is well. Both <c>/healthz</c> say this.
    /// </summary>
    public async Task<string?> CheckHealthAsync() => ProblemOf(await GetStatisticsAsync());

    /// <summary>The same for statistics already read; null stands for an actor that did not answer.</summary>
    public static string? ProblemOf(ActorStatistics? statistics) => statistics switch
    {
        null => "the turn actor does not answer",
        { Problem: { } problem } => problem,
        { IsStalled: true } => "the state cannot be recorded: the disk is full, or too slow",
        { StateFault: { } fault } => $"{fault}: games would not survive a crash",
        _ => null,
    };

    /// <summary>Has the actor run a read-only query; false when it did not answer in time.</summary>
    /// <param name="table">Who has the table.</param>
    /// <param name="inspect">Runs on the actor's thread, after a timeout possibly later; it must not block.</param>
    /// <param name="clock">Measures the time limit.</param>
    public static Task<bool> TryInspectAsync(ITableQueries table, Action<Table> inspect, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(table);
        return IsAnsweredAsync(table.QueryAsync(now =>
        {
            inspect(now);
            return true;
        }), clock, CancellationToken.None);
    }

    private static async Task<bool> IsAnsweredAsync(Task question, TimeProvider clock, CancellationToken stop)
    {
        try
        {
            await question.WaitAsync(Timeout, clock, stop);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or ActorBusyException or ActorFailedException)
        {
            return false;
        }
    }
}
