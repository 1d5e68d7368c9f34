using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation;

/// <summary>What histories came to, added up.</summary>
internal sealed class Tallies
{
    /// <summary>Whatever happened at the server or to a player.</summary>
    public long Steps { get; set; }

    public long[] Requests { get; } = new long[Enum.GetValues<Symbol>().Length];

    public long Malformed { get; set; }

    public long Misbehaved { get; set; }

    public long Lost { get; set; }

    public long Doubled { get; set; }

    public long Late { get; set; }

    public long Held { get; set; }

    public long Ticks { get; set; }

    /// <summary>How often the server stood still for a while.</summary>
    public long Freezes { get; set; }

    public long Crashes { get; set; }

    /// <summary>Of the crashes, those in which the machine lost its power.</summary>
    public long PowerLosses { get; set; }

    /// <summary>Of the others, those in the middle of a record, or of writing some.</summary>
    public long TornRecords { get; set; }

    /// <summary>Snapshots made of full segments.</summary>
    public long Snapshots { get; set; }

    public long Games { get; set; }

    public long Turns { get; set; }

    /// <summary>Error replies by number.</summary>
    public long[] Errors { get; } = new long[24];

    public void Add(Tallies other)
    {
        Steps += other.Steps;
        Malformed += other.Malformed;
        Misbehaved += other.Misbehaved;
        Lost += other.Lost;
        Doubled += other.Doubled;
        Late += other.Late;
        Held += other.Held;
        Ticks += other.Ticks;
        Freezes += other.Freezes;
        Crashes += other.Crashes;
        PowerLosses += other.PowerLosses;
        TornRecords += other.TornRecords;
        Snapshots += other.Snapshots;
        Games += other.Games;
        Turns += other.Turns;
        for (var i = 0; i < Requests.Length; i++)
            Requests[i] += other.Requests[i];
        for (var i = 0; i < Errors.Length; i++)
            Errors[i] += other.Errors[i];
    }
}
