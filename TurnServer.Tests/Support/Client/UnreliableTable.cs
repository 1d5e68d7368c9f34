using System.Net;
using System.Text;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>
/// The rules behind a network that loses, delays and duplicates requests. Delays are counted in other requests, without
/// a clock, so a request may be later than any client timeout.
/// </summary>
internal sealed class UnreliableTable
{
    /// <summary>The faults that it simulates. The sender of a delayed request gets an error at once.</summary>
    public static readonly NetworkFault[] Faults =
    [
        NetworkFault.DropReply, NetworkFault.DropRequest, NetworkFault.DelayRequest, NetworkFault.SendAgainLater,
        NetworkFault.SendTwice,
    ];

    private static readonly Uri Url = new("http://table/");

    private static readonly TurnClientOptions Options = new()
    {
        Time = new SkippingClock(TimeSpan.FromSeconds(10)),
        Wait = TimeSpan.Zero,
        ReplyTimeout = TimeSpan.FromMinutes(10),
        Patience = TimeSpan.FromDays(1),
        KeepAlive = TimeSpan.FromHours(1),
    };

    private readonly TableDriver _table = new();
    private readonly Lock _lock = new();
    private readonly List<(long At, byte[] Body, int? Received)> _late = [];
    private long _requests;

    /// <summary>
    /// Decides which of <see cref="Faults"/> each update meets, and by how many requests its delayed copy is late.
    /// Other requests are always delivered.
    /// </summary>
    public Func<string, (NetworkFault Fault, int Late)> Plan { get; set; } = _ => default;

    /// <summary>Longer bodies are refused, as by a server with a lower limit.</summary>
    public int BodyBytesMax { get; set; } = ProtocolLimits.BodyBytesMax;

    /// <summary>How many updates have been refused because of a full backlog.</summary>
    public int Refused { get; private set; }

    /// <summary>The updates, each with the reply of the rules; null if not delivered.</summary>
    public List<(string Body, string? Reply)> Log { get; } = [];

    /// <summary>Starts a game. Returns seat key and seat number of each player, the host first.</summary>
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

    /// <summary>A client for this seat that skips its pauses.</summary>
    public TurnGame Play((string Key, string Number) seat, bool savesEachTurn = false)
    {
        var options = Options with { SavesEachTurn = savesEachTurn };
        var sender = new RequestSender(new HttpTransport(Connect(), Url), options);
        return new TurnGame(sender, Url, options, new Pairing(true, "partner"), seat.Key, seat.Number);
    }

    /// <summary>A connection to it.</summary>
    public HttpMessageInvoker Connect() => new(new Network(this));

    /// <summary>A client that resumes a saved game, and saves each turn.</summary>
    public async Task<TurnGame> ResumeAsync(string saved)
    {
        var game = await TurnGame.ResumeAsync(Connect(), saved, Options with { SavesEachTurn = true });
        Assert.That(game.Fault, Is.Null);
        return game.Value;
    }

    /// <summary>Delivers late requests that are due, and then this one, according to the plan.</summary>
    public string? Ask(byte[] body, int? received) => AskForReply(body, received)?.Text;

    private HeldReply? AskForReply(byte[] body, int? received)
    {
        var text = WireText.Of(body);
        lock (_lock)
        {
            DeliverLate(++_requests);
            var (fault, late) = text.StartsWith("6,", StringComparison.Ordinal) ? Plan(text) : default;
            if (fault != NetworkFault.None && !Faults.Contains(fault))
                throw new InvalidOperationException($"{fault} is not simulated.");
            if (fault is NetworkFault.DelayRequest or NetworkFault.SendAgainLater)
                _late.Add((_requests + late, body, received));
            if (fault is NetworkFault.DelayRequest or NetworkFault.DropRequest)
            {
                Log.Add((text, null));
                return null;
            }

            if (fault == NetworkFault.SendTwice)
                Apply(body, received);
            var reply = Apply(body, received);
            return fault == NetworkFault.DropReply ? null : reply;
        }
    }

    /// <summary>Delivers all late requests.</summary>
    public void DeliverNow()
    {
        lock (_lock)
            DeliverLate(long.MaxValue);
    }

    private void DeliverLate(long now)
    {
        foreach (var (_, body, received) in _late.Where(late => late.At <= now))
            Apply(body, received);
        _late.RemoveAll(late => late.At <= now);
    }

    private HeldReply Apply(byte[] body, int? received)
    {
        var reply = body.Length > BodyBytesMax
            ? HeldReply.Of(Reply.Refuse(ErrorCode.OverContentLength))
            : _table.Hold(body, TimeSpan.Zero, receivedBytes: received);
        Refused += reply.Text == "21/*/*" ? 1 : 0;
        Log.Add((WireText.Of(body), reply.Text));
        return reply;
    }

    private sealed class Network(UnreliableTable table) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            // Never completes synchronously, like any network.
            await Task.Yield();
            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            int? received = request.Headers.TryGetValues(TurnReceivedHeader.Name, out var values)
                ? int.Parse(values.Single())
                : null;
            var reply = table.AskForReply(body, received) ?? throw new HttpRequestException("lost");
            var response = new HttpResponseMessage((HttpStatusCode)reply.Status)
            {
                Content = new StringContent(reply.Text!, Encoding.UTF8),
            };
            reply.Headers.AddTo(response.Headers);
            return response;
        }
    }
}
