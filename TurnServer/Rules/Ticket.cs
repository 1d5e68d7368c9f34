using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Identifies a request that is owed a reply. The caller assigns the numbers; 0 means none.</summary>
public readonly record struct Ticket(long Number);

/// <summary>A reply and the request that it answers.</summary>
/// <param name="Ticket">Of the request.</param>
/// <param name="Reply">The reply.</param>
/// <param name="Awaits">
/// The message to the lobby that must have been applied before the reply may leave, see
/// <see cref="Table.AppliedByLobby"/>; 0: none.
/// </param>
public readonly record struct Answer(Ticket Ticket, Reply Reply, long Awaits = 0);

/// <summary>A time, ending now, in which the process could not run: SIGSTOP, a paused VM.</summary>
/// <param name="Gap">Its length.</param>
/// <param name="Grace">The latest time from now to which a deadline is extended.</param>
public readonly record struct Suspension(TimeSpan Gap, TimeSpan Grace);

/// <summary>One parsed request and its context.</summary>
public readonly record struct Arrival
{
    /// <summary>The ticket of the reply.</summary>
    public required Ticket Ticket { get; init; }

    /// <summary>The parsed request.</summary>
    public required TurnRequest Request { get; init; }

    /// <summary>The body that the request's ranges refer to.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The client's address.</summary>
    public required ClientAddress From { get; init; }

    /// <summary>How long a reply without news may be held; zero if it must not be.</summary>
    public TimeSpan Wait { get; init; }
}
