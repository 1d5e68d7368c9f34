namespace TurnServer.Bench.Journal;

/// <summary>The background of Batch: a thread that syncs what has come, at most every 10 ms.</summary>
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

    /// <summary>Records were put on record.</summary>
    public void Touch() => _hasNew = true;

    /// <summary>Syncs what is left.</summary>
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
            // Before the sync: what comes during it is for the next one.
            _hasNew = false;
            _log.Sync();
        }
        while (!stopping);
    }
}
