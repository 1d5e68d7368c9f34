namespace TurnServer.Http;

/// <summary>
/// Delays 429 replies by 0.5 to 1.5 s. A refusal costs nearly as much as a reply, so a client that repeats refused
/// requests at once would slow the others down; the delay limits it to about one refusal a second and connection. A
/// client that just exceeded its limit loses nothing, as it would have to wait for a second anyway.
/// </summary>
/// <param name="clock">Measures the delay.</param>
/// <param name="end">Ends all delays, now and from then on.</param>
internal sealed class RefusalDelay(TimeProvider clock, CancellationToken end)
{
    /// <summary>
    /// The most replies delayed at once, at about 13 KB each with their connections; others are sent at once.
    /// </summary>
    public const int DelayedMax = 4096;

    private static readonly TimeSpan Mean = TimeSpan.FromSeconds(1);

    private int _delayed;

    /// <summary>Completes when the reply may be sent.</summary>
    public async Task WaitAsync()
    {
        if (Interlocked.Increment(ref _delayed) <= DelayedMax)
        {
            // Jitter: requests refused together must not be repeated together.
            var delay = Mean * (0.5 + Random.Shared.NextDouble());
            await Task.Delay(delay, clock, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Interlocked.Decrement(ref _delayed);
    }
}
