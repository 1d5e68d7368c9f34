using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>The held replies, by the ticket of their request.</summary>
internal sealed class HeldReplies
{
    private readonly Dictionary<Ticket, PendingReply> _byTicket = [];

    public int Count => _byTicket.Count;

    public void Add(Ticket ticket, PendingReply reply) => _byTicket.Add(ticket, reply);

    /// <summary>Removes and returns a held reply that the rules have released.</summary>
    public PendingReply Take(Ticket ticket) => _byTicket.Remove(ticket, out var reply)
        ? reply
        : throw new InvalidOperationException($"The rules released ticket {ticket.Number}, which holds no reply.");

    public void FailAll(Exception reason)
    {
        foreach (var reply in _byTicket.Values)
            reply.Fail(reason);
        _byTicket.Clear();
    }
}
