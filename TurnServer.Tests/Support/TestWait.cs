using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>Bounded waits: a test that waits for something that never happens fails instead of hanging.</summary>
internal static class TestWait
{
    /// <summary>
    /// Far longer than anything takes, even on a machine with thirty times more work than cores; only a failure runs
    /// into it.
    /// </summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>The task's result; throws when it does not complete in time.</summary>
    public static Task<T> ForAsync<T>(Task<T> task) => task.WaitAsync(Timeout);

    /// <inheritdoc cref="ForAsync{T}(Task{T})"/>
    public static Task ForAsync(Task task) => task.WaitAsync(Timeout);

    /// <summary>Polls a condition; fails the test when it does not become true in time.</summary>
    /// <param name="condition">Polled every 10 ms.</param>
    /// <param name="what">Completes "Timed out waiting until …".</param>
    /// <param name="timeout">Null: <see cref="Timeout"/>.</param>
    public static async Task UntilAsync(Func<bool> condition, string what, TimeSpan? timeout = null)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(startedAt) > (timeout ?? Timeout))
                Assert.Fail($"Timed out waiting until {what}.");
            await Task.Delay(PollInterval);
        }
    }

    /// <inheritdoc cref="UntilAsync(Func{bool}, string, TimeSpan?)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await ForAsync(condition()))
        {
            if (Stopwatch.GetElapsedTime(startedAt) > Timeout)
                Assert.Fail($"Timed out waiting until {what}.");
            await Task.Delay(PollInterval);
        }
    }
}
