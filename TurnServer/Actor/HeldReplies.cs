using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>Requests whose replies the rules hold, by the ticket under which the rules know them.</summary>
internal sealed class HeldReplies
{
    private readonly Dictionary<Ticket, PendingReply> _byTicket = [];

    public int Count => _byTicket.Count;

    public void Add(Ticket ticket, PendingReply reply) => _byTicket.Add(ticket, reply);

    /// <summary>Removes the reply that the rules have released.</summary>
    public PendingReply Take(Ticket ticket) => _byTicket.Remove(ticket, out var reply)
        ? reply
        : throw new InvalidOperationException($"The rules answered {ticket}, whose reply is not held.");

    public void FailAll(Exception reason)
    {
        foreach (var reply in _byTicket.Values)
            reply.Fail(reason);
        _byTicket.Clear();
    }
}
