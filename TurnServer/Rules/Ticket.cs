using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Names one request that is owed a reply. The caller of the rules draws them; 0 is nobody's.</summary>
public readonly record struct Ticket(long Number);

/// <summary>A reply, and the request that it answers.</summary>
public readonly record struct Answer(Ticket Ticket, Reply Reply);

/// <summary>A time, ending now, in which the process could not run: SIGSTOP, a paused VM.</summary>
/// <param name="Gap">Its length.</param>
/// <param name="Grace">The latest time from now to which a deadline is extended.</param>
public readonly record struct Suspension(TimeSpan Gap, TimeSpan Grace);

/// <summary>One parsed request and what the rules need to know of its circumstances.</summary>
public readonly record struct Arrival
{
    /// <summary>The ticket that the reply will carry.</summary>
    public required Ticket Ticket { get; init; }

    /// <summary>What is asked.</summary>
    public required TurnRequest Request { get; init; }

    /// <summary>The body that the request's ranges point into.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The address the request came from.</summary>
    public required ClientAddress From { get; init; }

    /// <summary>How long a reply without news may be held; zero means that it may not.</summary>
    public TimeSpan Wait { get; init; }
}
