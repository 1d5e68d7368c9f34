using System.Diagnostics;
using System.Text;
using TurnServer.Bench.Client;

namespace TurnServer.Bench.Restart;

/// <summary>
/// A client that repeats one request, a few milliseconds after each reply or failure, to measure how long the server is
/// unreachable.
/// </summary>
internal sealed class RepeatingClient : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly BlockingConnection _connection;
    private readonly byte[] _update;
    private readonly CancellationTokenSource _stop = new(Timeout);
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<TimeSpan> _repeating;

    private RepeatingClient(int port, string update)
    {
        _connection = new BlockingConnection(port);
        _update = Encoding.ASCII.GetBytes(update);
        _repeating = Task.Factory.StartNew(Repeat, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>Starts repeating.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="update">An update that the server has accepted, so that repeating it changes nothing.</param>
    public static RepeatingClient Start(int port, string update) => new(port, update);

    /// <summary>Completes with its first reply.</summary>
    /// <exception cref="BenchException">There was none.</exception>
    public async Task AnsweredAsync() => await await Task.WhenAny(_answered.Task, _repeating);

    /// <summary>The time from the last reply before the outage to the first after it.</summary>
    /// <exception cref="BenchException">There was no reply after it.</exception>
    public Task<TimeSpan> PauseAsync() => _repeating;

    public void Dispose()
    {
        _stop.Cancel();
        _repeating.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        _connection.Dispose();
        _stop.Dispose();
    }

    private TimeSpan Repeat()
    {
        long? answeredAt = null;
        var fault = "";
        for (var hasFailed = false; !_stop.IsCancellationRequested; Thread.Sleep(Interval))
        {
            try
            {
                _connection.Send(_update, 0);
                if (!_connection.Read().Body.StartsWith("0/11/"u8))
                    throw new BenchException("a reply other than 0/11/");
            }
            catch (BenchException e)
            {
                _connection.Dispose();
                (hasFailed, fault) = (true, e.Message);
                continue;
            }

            if (hasFailed && answeredAt is { } before)
                return Stopwatch.GetElapsedTime(before);
            answeredAt = Stopwatch.GetTimestamp();
            _answered.TrySetResult();
        }

        throw new BenchException($"no reply to the repeating client: {fault}");
    }
}
