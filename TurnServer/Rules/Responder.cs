using System.Runtime.InteropServices;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// Collects the answers of one step, in order. Holds replies that have no news, releases held ones, and updates the
/// deadlines of their participants.
/// </summary>
internal sealed class Responder(Deadlines deadlines)
{
    private readonly List<Answer> _answers = [];

    /// <summary>The answers since the last <see cref="Clear"/>. Valid until the next one is added.</summary>
    public ReadOnlySpan<Answer> Answers => CollectionsMarshal.AsSpan(_answers);

    /// <summary>See <see cref="Table.ChangedNothing"/>.</summary>
    public bool ChangedNothing { get; private set; }

    public void Clear()
    {
        _answers.Clear();
        ChangedNothing = false;
    }

    /// <summary>Sends a reply.</summary>
    /// <param name="ticket">Of the request.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="awaits">See <see cref="Answer.Awaits"/>.</param>
    public void Send(Ticket ticket, in Reply reply, long awaits = 0) =>
        _answers.Add(new Answer(ticket, reply, awaits));

    /// <summary>Sends a reply to a participant, with the values of its headers.</summary>
    public void Send(Ticket ticket, Participant to, in Reply reply, TimeSpan now) =>
        Send(ticket, to.WithHeaders(reply, now), to.Awaits);

    /// <summary>Refuses a request that has changed no state, not even when its sender was last heard from.</summary>
    public void Reject(Ticket ticket, ErrorCode error)
    {
        Send(ticket, Reply.Refuse(error));
        ChangedNothing = true;
    }

    /// <summary>Sends a reply without news, or holds it if the request allows that.</summary>
    public void SendOrHold(in Arrival arrival, Participant participant, ReplyCode code, TimeSpan now)
    {
        if (arrival.Wait <= TimeSpan.Zero)
        {
            Send(arrival.Ticket, participant, Reply.Ok(code), now);
            return;
        }

        participant.Hold(arrival.Ticket, code, now + arrival.Wait);
        deadlines.MoveUp(participant);
    }

    /// <summary>Releases the held reply, if any, with news.</summary>
    public void Release(Participant participant, in Reply news, TimeSpan now)
    {
        if (!participant.IsHeld)
            return;
        Send(participant.EndHold(now), participant, news, now);
        deadlines.MoveUp(participant);
    }

    /// <summary>Releases the held reply, if any, unchanged.</summary>
    public void ReleaseUnchanged(Participant participant, TimeSpan now) =>
        Release(participant, Reply.Ok(participant.HeldCode), now);

    /// <summary>
    /// Notes a request of this participant: updates the time it was last heard from and releases its held reply
    /// unchanged (PROTOCOL.md, "Waiting for news").
    /// </summary>
    public void NoteRequest(Participant participant, TimeSpan now)
    {
        if (participant.IsHeld)
            ReleaseUnchanged(participant, now);
        participant.Touch(now);
    }
}
