using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// A player before the game, or a seat in one: times out when silent, has at most one held reply and an entry in
/// <see cref="Deadlines"/>.
/// </summary>
public abstract class Participant
{
    /// <summary>The index in the heap of <see cref="Deadlines"/>; −1 while it is not there.</summary>
    internal int HeapIndex { get; set; } = -1;

    /// <summary>The time of the last request, or of the end of the last held reply.</summary>
    internal TimeSpan LastHeard { get; set; }

    /// <summary>The ticket of the held reply; number 0 if there is none.</summary>
    internal Ticket HeldTicket { get; private set; }

    /// <summary>The held reply if no news comes: Pairing, PartnerLoad, GameNoData or GameRedundant.</summary>
    internal ReplyCode HeldCode { get; private set; }

    /// <summary>When the held reply is released.</summary>
    internal TimeSpan HeldUntil { get; private set; }

    internal bool IsHeld => HeldTicket.Number != 0;

    /// <summary>
    /// When the held reply is released, or else when the participant times out: holding a reply counts as hearing from
    /// it (PROTOCOL.md, "Waiting for news").
    /// </summary>
    internal TimeSpan Deadline => IsHeld ? HeldUntil : LastHeard + Timeout;

    /// <summary>When the rules next have something to do for it: at its deadline, or earlier.</summary>
    internal virtual TimeSpan DueAt => Deadline;

    /// <summary>The timeout in its present status.</summary>
    internal abstract TimeSpan Timeout { get; }

    /// <summary>See <see cref="Answer.Awaits"/>: of every reply to it.</summary>
    internal long Awaits { get; set; }

    /// <summary>A reply to it, with the values of its headers.</summary>
    internal virtual Reply WithHeaders(in Reply reply, TimeSpan now) => reply;

    internal void Hold(Ticket ticket, ReplyCode code, TimeSpan until)
    {
        HeldTicket = ticket;
        HeldCode = code;
        HeldUntil = until;
    }

    /// <summary>
    /// Notes a request. After recovery <see cref="LastHeard"/> may lie in the future, and then stays.
    /// </summary>
    internal void Touch(TimeSpan now)
    {
        if (now > LastHeard)
            LastHeard = now;
    }

    /// <summary>Moves the deadline to this time, if it is earlier.</summary>
    internal void ExtendDeadlineTo(TimeSpan until)
    {
        if (LastHeard + Timeout < until)
            LastHeard = until - Timeout;
    }

    /// <summary>
    /// Moves the deadline by the length of the suspension, but not past its grace period. A held reply keeps its
    /// deadline.
    /// </summary>
    internal void ExtendDeadline(in Suspension suspension, TimeSpan now)
    {
        if (IsHeld)
            return;
        var deadline = Deadline;
        var latest = deadline > now + suspension.Grace ? deadline : now + suspension.Grace;
        var moved = deadline + suspension.Gap < latest ? deadline + suspension.Gap : latest;
        LastHeard += moved - deadline;
    }

    /// <summary>Ends the hold, whose time counts as heard from, and returns its ticket.</summary>
    internal Ticket EndHold(TimeSpan now)
    {
        var ticket = HeldTicket;
        Hold(default, default, default);
        Touch(now);
        return ticket;
    }
}
