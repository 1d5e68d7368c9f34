using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation;

/// <summary>What happened in the histories, added up.</summary>
internal sealed class Statistics
{
    /// <summary>Batches, deliveries and steps.</summary>
    public long Events { get; set; }

    public long[] Requests { get; } = new long[Enum.GetValues<Symbol>().Length];

    public long Malformed { get; set; }

    public long Misbehaved { get; set; }

    public long Lost { get; set; }

    public long Duplicated { get; set; }

    public long Late { get; set; }

    public long Held { get; set; }

    public long Ticks { get; set; }

    /// <summary>How often the server was suspended.</summary>
    public long Suspensions { get; set; }

    public long Crashes { get; set; }

    /// <summary>Crashes by power loss.</summary>
    public long PowerLosses { get; set; }

    /// <summary>Process crashes in the middle of a record or a write.</summary>
    public long TornRecords { get; set; }

    /// <summary>Snapshots that replaced full segments.</summary>
    public long Snapshots { get; set; }

    /// <summary>Owners of a cluster that stopped in order.</summary>
    public long HandOvers { get; set; }

    /// <summary>Owners of a cluster that froze, and went on after another had taken over.</summary>
    public long Freezes { get; set; }

    /// <summary>Standbys that found the log overwritten, and began again with a snapshot.</summary>
    public long Gaps { get; set; }

    /// <summary>Appends that were stored with the acknowledgement lost.</summary>
    public long Unacknowledged { get; set; }

    /// <summary>Appends that the log refused.</summary>
    public long Refused { get; set; }

    /// <summary>Frames between shards that were lost.</summary>
    public long FramesLost { get; set; }

    /// <summary>Frames between shards that came twice.</summary>
    public long FramesDoubled { get; set; }

    /// <summary>Frames between shards that overtook others.</summary>
    public long FramesReordered { get; set; }

    /// <summary>Owners of shards that were replaced.</summary>
    public long TakeOvers { get; set; }

    /// <summary>Those of them that were replaced while messages between shards were under way.</summary>
    public long TakeOversWithMessages { get; set; }

    public long Games { get; set; }

    public long Turns { get; set; }

    /// <summary>Error replies by number.</summary>
    public long[] Errors { get; } = new long[24];

    public void Add(Statistics other)
    {
        Events += other.Events;
        Malformed += other.Malformed;
        Misbehaved += other.Misbehaved;
        Lost += other.Lost;
        Duplicated += other.Duplicated;
        Late += other.Late;
        Held += other.Held;
        Ticks += other.Ticks;
        Suspensions += other.Suspensions;
        Crashes += other.Crashes;
        PowerLosses += other.PowerLosses;
        HandOvers += other.HandOvers;
        Freezes += other.Freezes;
        Gaps += other.Gaps;
        Unacknowledged += other.Unacknowledged;
        Refused += other.Refused;
        TornRecords += other.TornRecords;
        Snapshots += other.Snapshots;
        FramesLost += other.FramesLost;
        FramesDoubled += other.FramesDoubled;
        FramesReordered += other.FramesReordered;
        TakeOvers += other.TakeOvers;
        TakeOversWithMessages += other.TakeOversWithMessages;
        Games += other.Games;
        Turns += other.Turns;
        for (var i = 0; i < Requests.Length; i++)
            Requests[i] += other.Requests[i];
        for (var i = 0; i < Errors.Length; i++)
            Errors[i] += other.Errors[i];
    }
}
