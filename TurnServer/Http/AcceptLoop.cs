using System.Net;
using Microsoft.Extensions.Logging;

namespace TurnServer.Http;

/// <summary>Takes requests off a listener, and retries after a pause when accepting fails.</summary>
/// <param name="listener">A listener that has started.</param>
/// <param name="guard">Runs as long as the loop; null where the listener cannot be guarded.</param>
/// <param name="log">For failed accepts.</param>
internal sealed class AcceptLoop(HttpListener listener, ConnectionGuard? guard, ILogger log)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private long _failures;

    /// <summary>Failed accepts since the start, each of them retried.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Runs until the process ends; fails when the guard or a handler does.</summary>
    /// <param name="concurrency">
    /// How many accepts are pending at once, and how many requests are handled at once if the handler awaits its reply.
    /// </param>
    /// <param name="handle">Called for each request; the next one is accepted when the task has completed.</param>
    public async Task RunAsync(int concurrency, Func<HttpListenerContext, Task> handle)
    {
        var loops = Enumerable.Range(0, concurrency).Select(_ => AcceptAsync(handle)).ToList();
        if (guard is not null)
        {
            guard.Start();
            loops.Add(guard.Completion);
        }

        await await Task.WhenAny(loops);
    }

    private async Task AcceptAsync(Func<HttpListenerContext, Task> handle)
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (HttpListenerException e)
            {
                Interlocked.Increment(ref _failures);
                Log.AcceptFailed(log, e.Message);
                await Task.Delay(RetryPause);
                continue;
            }

            await handle(context);
        }
    }
}
