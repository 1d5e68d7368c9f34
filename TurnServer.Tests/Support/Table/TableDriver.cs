using System.Net;
using System.Text;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// Drives a table with text requests, text replies and a manual clock. Like the actor, <see cref="Advance(TimeSpan)"/>
/// ticks the table exactly when one of its deadlines is due.
/// </summary>
internal sealed class TableDriver(RulesOptions? options = null, IKeySource? keys = null)
{
    private readonly Dictionary<Ticket, HeldReply> _held = [];
    private long _lastTicket;

    public Table Table { get; } = new(options ?? new RulesOptions(), keys ?? new SequentialKeySource());

    public TimeSpan Now { get; private set; }

    /// <summary>The default client address.</summary>
    public ClientAddress From { get; set; } = Address("203.0.113.1");

    /// <summary>How many replies are being held.</summary>
    public int HeldCount => _held.Count;

    public static ClientAddress Address(string text) => ClientAddress.Of(IPAddress.Parse(text));

    /// <summary>Sends a request that may not be held, and returns the reply.</summary>
    public string Send(string body, ClientAddress? from = null) => Send(WireText.ToBytes(body), from);

    /// <summary>Sends an update with Turn-Received.</summary>
    public string SendReceived(string body, int receivedBytes) =>
        Hold(WireText.ToBytes(body), TimeSpan.Zero, null, receivedBytes).Text
            ?? throw new InvalidOperationException("A request without a wait was held.");

    /// <inheritdoc cref="Send(string, ClientAddress?)"/>
    public string Send(byte[] body, ClientAddress? from = null)
    {
        var reply = Hold(body, TimeSpan.Zero, from);
        return reply.Text ?? throw new InvalidOperationException("A request without a wait was held.");
    }

    /// <summary>Sends a request whose reply may be held.</summary>
    public HeldReply Hold(string body, double waitSeconds, ClientAddress? from = null) =>
        Hold(WireText.ToBytes(body), TimeSpan.FromSeconds(waitSeconds), from);

    /// <inheritdoc cref="Hold(string, double, ClientAddress?)"/>
    public HeldReply Hold(byte[] body, TimeSpan wait, ClientAddress? from = null, int? receivedBytes = null)
    {
        var reply = new HeldReply();
        if (!RequestParser.TryParse(body, out var request, out var refusal))
        {
            reply.Answer(refusal, Now);
            return reply;
        }

        var ticket = new Ticket(++_lastTicket);
        _held.Add(ticket, reply);
        Take(Table.Apply(new Arrival
        {
            Ticket = ticket,
            Request = request with { ReceivedBytes = receivedBytes },
            Body = body,
            From = from ?? From,
            Wait = wait,
        }, Now));
        return reply;
    }

    /// <summary>Registers a player who accepts any partner, and returns its pairing key.</summary>
    public string Register(string name, ClientAddress? from = null)
    {
        var reply = Send($"0,{name},*,*,*", from);
        return reply.StartsWith("0/0/", StringComparison.Ordinal)
            ? reply[4..]
            : throw new InvalidOperationException($"{name} was not registered: {reply}");
    }

    /// <summary>Advances the clock and ticks the table at each of its deadlines.</summary>
    public void Advance(TimeSpan time)
    {
        var end = Now + time;
        while (Table.NextDeadline is { } next && next <= end)
        {
            Now = next > Now ? next : Now;
            Take(Table.Tick(Now));
        }

        Now = end;
    }

    /// <inheritdoc cref="Advance(TimeSpan)"/>
    public void Advance(double seconds) =>
        Advance(TimeSpan.FromTicks((long)((decimal)seconds * TimeSpan.TicksPerSecond)));

    /// <summary>Advances the clock without ticking the table.</summary>
    public void Skip(TimeSpan time) => Now += time;

    /// <summary>Ticks the table once.</summary>
    public void Tick() => Take(Table.Tick(Now));

    /// <summary>Answers every held reply, as the server does before it stops.</summary>
    public void ReleaseAll() => Take(Table.ReleaseAll(Now));

    private void Take(ReadOnlySpan<Answer> answers)
    {
        foreach (var answer in answers)
        {
            if (!_held.Remove(answer.Ticket, out var held))
                throw new InvalidOperationException($"{answer.Ticket} was answered twice, or was never issued.");
            held.Answer(answer.Reply, Now);
        }
    }
}

/// <summary>The reply to one request, possibly still held.</summary>
internal sealed class HeldReply
{
    /// <summary>The reply's body; null while it is held.</summary>
    public string? Text { get; private set; }

    /// <summary>The reply's HTTP status.</summary>
    public int Status { get; private set; }

    /// <summary>The headers of the protocol.</summary>
    public ScenarioHeaders Headers { get; private set; }

    public TimeSpan? AnsweredAt { get; private set; }

    public bool IsHeld => Text is null;

    /// <summary>A reply that was not held.</summary>
    public static HeldReply Of(in Reply reply)
    {
        var answered = new HeldReply();
        answered.Answer(reply, TimeSpan.Zero);
        return answered;
    }

    public void Answer(in Reply reply, TimeSpan now)
    {
        Text = Encoding.UTF8.GetString(ReplyWriter.ToBytes(reply));
        Status = HttpStatus.Of(reply.Error);
        Headers = ScenarioHeaders.Of(reply);
        AnsweredAt = now;
    }
}
