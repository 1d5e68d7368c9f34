using System.Runtime.InteropServices;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// The replies that one step of the rules gives, in order, and the deadlines that held replies move. Completing
/// anything is the caller's work.
/// </summary>
internal sealed class Answers(Deadlines deadlines)
{
    private readonly List<Answer> _given = [];

    public ReadOnlySpan<Answer> Given => CollectionsMarshal.AsSpan(_given);

    /// <summary>See <see cref="Table.ChangedNothing"/>.</summary>
    public bool ChangedNothing { get; private set; }

    public void Clear()
    {
        _given.Clear();
        ChangedNothing = false;
    }

    public void Give(Ticket ticket, in Reply reply) => _given.Add(new Answer(ticket, reply));

    /// <summary>Refuses a request before anything was done for it, even noting that somebody was heard from.</summary>
    public void Reject(Ticket ticket, ErrorCode error)
    {
        Give(ticket, Reply.Refuse(error));
        ChangedNothing = true;
    }

    /// <summary>Gives a reply that has no news, or holds it when the request said that it may be.</summary>
    public void GiveOrHold(in Arrival arrival, Participant participant, ReplyCode code, TimeSpan now)
    {
        if (arrival.Wait <= TimeSpan.Zero)
        {
            Give(arrival.Ticket, Reply.Ok(code));
            return;
        }

        participant.Hold(arrival.Ticket, code, now + arrival.Wait);
        deadlines.Hasten(participant);
    }

    /// <summary>Answers the held reply, if there is one, with news.</summary>
    public bool Release(Participant participant, in Reply news, TimeSpan now)
    {
        if (!participant.IsHeld)
            return false;
        Give(participant.EndHold(now), news);
        deadlines.Hasten(participant);
        return true;
    }

    /// <summary>Answers the held reply, if there is one, as it stands.</summary>
    public void ReleaseAsItStands(Participant participant, TimeSpan now) =>
        Release(participant, Reply.Ok(participant.HeldCode), now);

    /// <summary>
    /// Notes a request of this player or seat: it has been heard from, and its held reply is answered as it stands
    /// (PROTOCOL.md, "Waiting for news").
    /// </summary>
    public void Hear(Participant participant, TimeSpan now)
    {
        if (participant.IsHeld)
            ReleaseAsItStands(participant, now);
        participant.Hear(now);
    }
}
