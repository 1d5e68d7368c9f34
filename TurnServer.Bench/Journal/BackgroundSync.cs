namespace TurnServer.Bench.Journal;

/// <summary>Syncs new batches on a thread, at most every 10 ms: what the server does under batch.</summary>
internal sealed class BackgroundSync : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private readonly IRecordLog _log;
    private volatile bool _hasNew;

    public BackgroundSync(IRecordLog log)
    {
        _log = log;
        _thread = new Thread(Run) { IsBackground = true, Name = "background sync" };
        _thread.Start();
    }

    /// <summary>A batch has ended.</summary>
    public void Signal() => _hasNew = true;

    /// <summary>Syncs the rest and ends the thread.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        bool stopping;
        do
        {
            stopping = _stop.Wait(Interval);
            if (!_hasNew)
                continue;
            // Cleared before the sync: batches that end during it are left to the next one.
            _hasNew = false;
            _log.Sync();
        }
        while (!stopping);
    }
}
