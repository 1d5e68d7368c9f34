namespace TurnServer.Actor;

/// <summary>
/// Asks the actor for its figures, within one time limit for everybody who watches the server: health checks, metrics,
/// status and the service manager. A question that is still open is not asked again, so that questions do not fill the
/// mailbox of an actor that is stuck. Any thread may ask.
/// </summary>
/// <param name="count">Puts the question to the actor.</param>
/// <param name="clock">Measures the time limit.</param>
public sealed class ActorProbe(Func<Task<ActorStatistics>> count, TimeProvider clock)
{
    /// <summary>How long the actor has to answer; it needs some microseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private volatile Task<ActorStatistics>? _asked;

    /// <summary>The figures; null when the actor did not answer in time.</summary>
    public async Task<ActorStatistics?> CountAsync(CancellationToken stop = default)
    {
        // Not under a lock: an idle actor answers on this thread.
        if (_asked is not { IsCompleted: false } asked)
            _asked = asked = count();
        try
        {
            return await AnswerAsync(asked, clock, stop);
        }
        catch (ActorSilentException)
        {
            return null;
        }
    }

    /// <summary>
    /// Why players cannot play, or would lose what they play; null: all is well. What both <c>/healthz</c> say.
    /// </summary>
    public async Task<string?> CheckHealthAsync() => TroubleOf(await CountAsync());

    /// <summary>The same, of figures that have been taken; null stands for an actor that did not answer.</summary>
    public static string? TroubleOf(ActorStatistics? figures) => figures switch
    {
        null => "the turn actor does not answer",
        { IsStalled: true } => "the state cannot be recorded: the disk is full, or too slow",
        { StateFault: { } fault } => $"{fault}: games would not survive a crash",
        _ => null,
    };

    /// <summary>The answer to any question to the actor, within the same time limit.</summary>
    /// <exception cref="ActorSilentException">The actor did not answer in time, or cannot answer.</exception>
    public static async Task<T> AnswerAsync<T>(Task<T> question, TimeProvider clock, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        try
        {
            return await question.WaitAsync(Timeout, clock, stop);
        }
        catch (Exception e) when (e is TimeoutException or ActorBusyException or ActorFailedException)
        {
            throw new ActorSilentException(e);
        }
    }
}
