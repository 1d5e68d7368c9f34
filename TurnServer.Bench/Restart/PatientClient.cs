using System.Diagnostics;
using System.Text;
using TurnServer.Bench.Client;

namespace TurnServer.Bench.Restart;

/// <summary>
/// A client that asks the same again and again, a few milliseconds after each reply or failure, and so sees how long a
/// server was away.
/// </summary>
internal sealed class PatientClient : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly BlockingConnection _connection;
    private readonly byte[] _update;
    private readonly CancellationTokenSource _stop = new(Patience);
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<TimeSpan> _asking;

    private PatientClient(int port, string update)
    {
        _connection = new BlockingConnection(port);
        _update = Encoding.ASCII.GetBytes(update);
        _asking = Task.Factory.StartNew(Ask, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>Begins to ask.</summary>
    /// <param name="port">Where the server listens.</param>
    /// <param name="update">An update that the server has taken, whose repetition changes nothing.</param>
    public static PatientClient Start(int port, string update) => new(port, update);

    /// <summary>Done when it has had its first reply.</summary>
    /// <exception cref="BenchException">There is none.</exception>
    public async Task AnsweredAsync() => await await Task.WhenAny(_answered.Task, _asking);

    /// <summary>From the last reply before the server went away to the first after.</summary>
    /// <exception cref="BenchException">None came.</exception>
    public Task<TimeSpan> PauseAsync() => _asking;

    public void Dispose()
    {
        _stop.Cancel();
        _asking.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        _connection.Dispose();
        _stop.Dispose();
    }

    private TimeSpan Ask()
    {
        long? answeredAt = null;
        var fault = "";
        for (var hasFailed = false; !_stop.IsCancellationRequested; Thread.Sleep(Interval))
        {
            try
            {
                _connection.Send(_update, 0);
                if (!_connection.Read().Body.StartsWith("0/11/"u8))
                    throw new BenchException("another reply than 0/11/");
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

        throw new BenchException($"the client that asks meanwhile was not answered: {fault}");
    }
}
