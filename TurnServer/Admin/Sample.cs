using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Metrics;

namespace TurnServer.Admin;

/// <summary>All of the server's statistics at one moment.</summary>
internal sealed record Sample
{
    /// <summary>When it was taken: the time since the <see cref="SampleSource"/> was made.</summary>
    public required TimeSpan At { get; init; }

    public required HttpStatistics Http { get; init; }

    public required JournalStatistics Journal { get; init; }

    public required ProcessStatistics Process { get; init; }

    /// <summary>Null when the actor did not answer.</summary>
    public required ActorStatistics? Actor { get; init; }

    /// <summary>Null when the server belongs to no cluster.</summary>
    public ClusterStatus? Cluster { get; init; }
}

/// <summary>Where metrics and status take their samples. Any thread may.</summary>
/// <param name="probe">Asks the actor.</param>
/// <param name="readHttp">The HTTP front's statistics.</param>
/// <param name="readJournal">The journal's statistics.</param>
/// <param name="clock">Dates the samples.</param>
/// <param name="readCluster">The state of the cluster; null: the server belongs to none.</param>
internal sealed class SampleSource(ActorProbe probe, Func<HttpStatistics> readHttp,
    Func<JournalStatistics> readJournal, TimeProvider clock, Func<ClusterStatus>? readCluster = null)
{
    private readonly long _startedAt = clock.GetTimestamp();

    /// <summary>Whether samples have a <see cref="Sample.Cluster"/>.</summary>
    public bool HasCluster => readCluster is not null;

    /// <summary>Takes a sample; without the actor's part when it does not answer in time.</summary>
    /// <param name="countDescriptors">Called once the actor has answered, as it may take a while.</param>
    public async Task<Sample> TakeAsync(Func<int> countDescriptors)
    {
        var actor = await probe.GetStatisticsAsync();
        return new Sample
        {
            At = clock.GetElapsedTime(_startedAt),
            Http = readHttp(),
            Journal = readJournal(),
            Process = ProcessStatistics.Read(countDescriptors()),
            Actor = actor,
            Cluster = readCluster?.Invoke(),
        };
    }
}
