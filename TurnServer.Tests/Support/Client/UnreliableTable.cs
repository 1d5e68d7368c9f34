using System.Net;
using System.Text;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>What becomes of a request on its way to an <see cref="UnreliableTable"/>.</summary>
internal enum Fate
{
    /// <summary>It is taken and answered.</summary>
    Answered,

    /// <summary>It is taken; the reply is lost.</summary>
    ReplyLost,

    /// <summary>It never arrives.</summary>
    RequestLost,

    /// <summary>Its sender hears that it is lost; it arrives later.</summary>
    ComesLate,

    /// <summary>It is taken and answered, and a copy of it arrives later.</summary>
    ComesAgainLate,

    /// <summary>It is taken twice, and the second reply is the one that comes.</summary>
    TakenTwice,
}

/// <summary>
/// The rules behind a network that loses, delays and copies requests. How late a request comes is counted in other
/// requests, so it may be later than whatever a client waits for: no clock is involved.
/// </summary>
internal sealed class UnreliableTable
{
    private readonly TableDriver _table = new();
    private readonly Lock _gate = new();
    private readonly List<(long At, byte[] Body, int? Received)> _late = [];
    private long _requests;

    /// <summary>Decides what becomes of an update; the others are answered.</summary>
    public Func<string, (Fate Fate, int Late)> Plan { get; set; } = _ => default;

    /// <summary>A longer body is refused, as a server with another limit does.</summary>
    public int BodyBytesMax { get; set; } = ProtocolLimits.BodyBytesMax;

    /// <summary>How many updates have been refused because the partner's backlog is full.</summary>
    public int Refused { get; private set; }

    /// <summary>The updates that went out, each with the reply that the rules gave; null: it has not arrived.</summary>
    public List<(string Body, string? Reply)> Log { get; } = [];

    /// <summary>Starts a game: the seat's fields, first of who hosts.</summary>
    public (string Key, string Number)[] StartGame()
    {
        var keys = new[] { _table.Register("Ann"), _table.Register("Bob") };
        foreach (var symbol in "23")
        {
            foreach (var key in keys)
                _table.Send($"{symbol},*,{key},*,*");
        }

        foreach (var key in keys)
            _table.Send($"4,*,{key},*,*");
        return [.. keys.Select(key => _table.Send($"4,*,{key},*,*").Split('/')[2].Split('|'))
            .Select(fields => (fields[0], fields[1]))];
    }

    /// <summary>A client that plays this seat, and skips each pause.</summary>
    public TurnGame Play((string Key, string Number) seat)
    {
        var options = new TurnClientOptions
        {
            Time = new SkippingClock(TimeSpan.FromSeconds(10)),
            Wait = TimeSpan.Zero,
            ReplyTimeout = TimeSpan.FromMinutes(10),
            Patience = TimeSpan.FromDays(1),
            KeepAlive = TimeSpan.FromHours(1),
        };
        var http = new HttpMessageInvoker(new Network(this));
        var sender = new RequestSender(http, new Uri("http://table/"), options);
        return new TurnGame(sender, options, new Pairing(true, "partner"), seat.Key, seat.Number);
    }

    /// <summary>Hands a request in, and whatever is due before it.</summary>
    public string? Ask(byte[] body, int? received)
    {
        var text = WireText.Of(body);
        lock (_gate)
        {
            DeliverLate(++_requests);
            var (fate, late) = text.StartsWith("6,", StringComparison.Ordinal) ? Plan(text) : default;
            if (fate is Fate.ComesLate or Fate.ComesAgainLate)
                _late.Add((_requests + late, body, received));
            if (fate is Fate.ComesLate or Fate.RequestLost)
            {
                Log.Add((text, null));
                return null;
            }

            if (fate == Fate.TakenTwice)
                Apply(body, received);
            var reply = Apply(body, received);
            return fate == Fate.ReplyLost ? null : reply;
        }
    }

    /// <summary>Delivers all that is late and goes to this counter.</summary>
    public void DeliverNow()
    {
        lock (_gate)
            DeliverLate(long.MaxValue);
    }

    private void DeliverLate(long now)
    {
        foreach (var (_, body, received) in _late.Where(late => late.At <= now))
            Apply(body, received);
        _late.RemoveAll(late => late.At <= now);
    }

    private string Apply(byte[] body, int? received)
    {
        var reply = body.Length > BodyBytesMax
            ? "20/*/*"
            : _table.Hold(body, TimeSpan.Zero, receivedBytes: received).Text!;
        Refused += reply == "21/*/*" ? 1 : 0;
        Log.Add((WireText.Of(body), reply));
        return reply;
    }

    private sealed class Network(UnreliableTable table) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            // As any network does: the caller goes on first.
            await Task.Yield();
            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            int? received = request.Headers.TryGetValues(TurnReceivedHeader.Name, out var values)
                ? int.Parse(values.Single())
                : null;
            var reply = table.Ask(body, received) ?? throw new HttpRequestException("lost");
            return new HttpResponseMessage(reply.StartsWith("0/", StringComparison.Ordinal)
                ? HttpStatusCode.OK : HttpStatusCode.BadRequest)
            { Content = new StringContent(reply, Encoding.UTF8) };
        }
    }
}
