using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>How much the actor has to do, at one moment and since the start.</summary>
public sealed record ActorStatistics
{
    /// <summary>What the rules count.</summary>
    public required TableStatistics Table { get; init; }

    /// <summary>Replies that are being held.</summary>
    public required int HeldReplies { get; init; }

    /// <summary>Messages that wait for the actor; at most <see cref="TurnActor.MailboxCapacity"/>.</summary>
    public required int MailboxDepth { get; init; }

    /// <summary>Messages handled since the start: requests, inquiries and wake-ups.</summary>
    public required long Messages { get; init; }

    /// <summary>Whether the state cannot be recorded, and requests are refused for that.</summary>
    public bool IsStalled { get; init; }

    /// <summary>Why games would not survive a crash although they are recorded; null: they would.</summary>
    public string? StateFault { get; init; }

    /// <summary>The time the actor's loop has worked since the start; the rest it waited.</summary>
    public required TimeSpan Busy { get; init; }
}
