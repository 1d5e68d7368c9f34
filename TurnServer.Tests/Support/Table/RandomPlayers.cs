using System.Text;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Support;

/// <summary>
/// Six players whose random requests, mostly valid, bring a table into every state. The caller applies each request
/// (<see cref="Next"/>) and passes the replies back (<see cref="Receive"/>).
/// </summary>
internal sealed class RandomPlayers(SeededRandom random)
{
    private const int Size = 6;
    private readonly string?[] _keys = new string?[Size];
    private readonly string?[] _seats = new string?[Size];
    private readonly int[] _counters = new int[Size];
    private readonly Dictionary<Ticket, int> _senders = [];
    private long _lastTicket;

    public TimeSpan Now { get; private set; }

    /// <summary>The next request of one of them, up to a few seconds after the last.</summary>
    public Arrival Next()
    {
        Now += TimeSpan.FromMilliseconds(random.Of([0, 0, 1, 100, 900, 4000]));
        var who = random.Below(Size);
        var body = WireText.ToBytes(Body(who));
        if (!RequestParser.TryParse(body, out var request, out _))
            throw new InvalidOperationException("RandomPlayers made a malformed request.");
        var ticket = new Ticket(++_lastTicket);
        _senders[ticket] = who;
        return new Arrival
        {
            Ticket = ticket,
            Request = request with { ReceivedBytes = random.Is(200) ? random.Below(12) : null },
            Body = body,
            From = TableDriver.Address($"203.0.113.{who % 3}"),
            Wait = random.Is(400) ? TimeSpan.FromSeconds(random.Between(1, 9)) : TimeSpan.Zero,
        };
    }

    public void Receive(Ticket ticket, string reply)
    {
        if (!_senders.Remove(ticket, out var who))
            return;
        if (reply.StartsWith("0/0/", StringComparison.Ordinal))
            (_keys[who], _seats[who]) = (reply[4..], null);
        else if (reply.StartsWith("0/8/", StringComparison.Ordinal) && _seats[who] is null)
            (_seats[who], _counters[who]) = (reply[4..].Replace('|', ','), 0);
        else if (!reply.StartsWith("0/", StringComparison.Ordinal) && random.Is(500))
            _keys[who] = _seats[who] = null;
    }

    public static string Text(in Reply reply) => Encoding.UTF8.GetString(ReplyWriter.ToBytes(reply));

    private string Body(int who)
    {
        if (_seats[who] is { } seat)
            return InGame(who, seat);
        if (_keys[who] is { } key)
            return $"{random.Of([2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 1])},*,{key},*,*";
        return random.Below(4) switch
        {
            0 => $"0,P{who},*{Pool()},P{who ^ 1},t{who}",
            1 => $"0,P{who},*,P{who ^ 1},*",
            2 => $"0,P{who % 4},bibbybabbis{Pool()},*,*",
            _ => $"0,Zo\u00EB{who},*,*,{(random.Is(300) ? "t" : "*")}",
        };
    }

    private string Pool() => random.Is(200) ? random.Of(["#p", "#q"]) : "";

    private string InGame(int who, string seat) => random.Below(20) switch
    {
        0 => $"5,*,{seat},*",
        < 4 => $"6,,{seat},{Math.Max(0, _counters[who] - 1)}",
        < 7 => $"6,,{seat},{_counters[who]++}",
        _ => $"6,{new string((char)('a' + who), random.Between(1, 9))},{seat},{_counters[who]++}",
    };
}
