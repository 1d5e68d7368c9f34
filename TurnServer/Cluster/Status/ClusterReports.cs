namespace TurnServer.Cluster;

/// <summary>
/// The reports of the other servers, asked for when somebody wants to see them: at most once a second, and without
/// making anybody wait for a server that is slow. Any thread.
/// </summary>
/// <param name="ask">Asks a server for its report; null: it does not answer.</param>
/// <param name="clock">Measures how old a report is.</param>
internal sealed class ClusterReports(Func<ClusterMember, Task<byte[]?>> ask, TimeProvider clock)
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(1);

    // A report is answered in less than a millisecond; a probe of health waits a second in all.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private IReadOnlyDictionary<string, ServerReport> _latest = new Dictionary<string, ServerReport>();
    private long? _askedAt;
    private Task _asking = Task.CompletedTask;

    /// <summary>
    /// The reports of these servers by <see cref="ClusterMember.Id"/>; those of before where none comes soon.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, ServerReport>> GetAsync(IReadOnlyList<ClusterMember> servers)
    {
        Task asking;
        lock (_gate)
        {
            var isFresh = _askedAt is { } at && clock.GetElapsedTime(at) < AgeMax;
            if (_asking.IsCompleted && !isFresh)
            {
                _askedAt = clock.GetTimestamp();
                _asking = AskAllAsync(servers);
            }

            asking = _asking;
        }

        await Task.WhenAny(asking, Task.Delay(Patience, clock));
        return Latest;
    }

    /// <summary>The latest reports.</summary>
    public IReadOnlyDictionary<string, ServerReport> Latest
    {
        get
        {
            lock (_gate)
                return _latest;
        }
    }

    private async Task AskAllAsync(IReadOnlyList<ClusterMember> servers)
    {
        var reports = await Task.WhenAll(servers.Select(AskAsync));
        lock (_gate)
        {
            var before = _latest;
            _latest = servers.Zip(reports)
                .Select(pair => (pair.First.Id, Report: pair.Second ?? before.GetValueOrDefault(pair.First.Id)))
                .Where(pair => pair.Report is not null)
                .ToDictionary(pair => pair.Id, pair => pair.Report!);
        }
    }

    private async Task<ServerReport?> AskAsync(ClusterMember server) =>
        await ask(server) is { } bytes ? ServerReport.Read(bytes) : null;
}
