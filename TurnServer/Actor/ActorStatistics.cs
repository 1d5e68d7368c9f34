using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>What the actor holds at one moment and has done since the start.</summary>
public sealed record ActorStatistics
{
    /// <summary>The statistics of the table.</summary>
    public required TableStatistics Table { get; init; }

    /// <summary>Replies being held.</summary>
    public required int HeldReplies { get; init; }

    /// <summary>Messages waiting for the actor; at most <see cref="TurnActor.MailboxCapacity"/>.</summary>
    public required int MailboxDepth { get; init; }

    /// <summary>Messages handled since the start: requests, read-only queries and timer ticks.</summary>
    public required long Messages { get; init; }

    /// <summary>Whether requests are refused because nothing can be recorded.</summary>
    public bool IsStalled { get; init; }

    /// <summary>Why games would not survive a crash although they are recorded; null: they would.</summary>
    public string? StateFault { get; init; }

    /// <summary>Why a server of a cluster can neither answer players nor take over; null: it can.</summary>
    public string? Problem { get; init; }

    /// <summary>What a server says that has no actor at the moment.</summary>
    /// <param name="table">The statistics of the table, as far as it knows them.</param>
    /// <param name="problem">See <see cref="Problem"/>.</param>
    internal static ActorStatistics WithoutActor(TableStatistics table, string? problem) => new()
    {
        Table = table,
        HeldReplies = 0,
        MailboxDepth = 0,
        Messages = 0,
        Busy = TimeSpan.Zero,
        Problem = problem,
    };

    /// <summary>How long the actor has worked since the start; the rest of the time it waited.</summary>
    public required TimeSpan Busy { get; init; }
}
