namespace TurnServer.Http;

/// <summary>
/// Lets those wait for their refusal who send too many requests. A refusal costs nearly what an answer does, so that
/// one address that repeats its requests as soon as they are refused takes the others' time; as a connection carries
/// one request at a time, it now gets about one refusal a second on each of the connections that it may have. Whoever
/// has just gone past its limit loses nothing: it is told to come back in a second, and that is when.
/// </summary>
/// <param name="clock">Tells the time.</param>
/// <param name="end">From then on nobody waits, nor do those that have begun to.</param>
internal sealed class RefusalDelay(TimeProvider clock, CancellationToken end)
{
    /// <summary>
    /// The most that wait at once, at some 13 KB each with their connections; others are refused at once.
    /// </summary>
    public const int WaitingMax = 4096;

    private static readonly TimeSpan Mean = TimeSpan.FromSeconds(1);

    private int _waiting;

    /// <summary>Returns when the refusal is due.</summary>
    public async Task WaitAsync()
    {
        if (Interlocked.Increment(ref _waiting) <= WaitingMax)
        {
            // Half of it to half as much again: what was refused in one go is not to come again in one go.
            var delay = Mean * (0.5 + Random.Shared.NextDouble());
            await Task.Delay(delay, clock, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Interlocked.Decrement(ref _waiting);
    }
}
