using System.Text;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Bench;

/// <summary>A table, and those who have come to it by requests like anybody else's.</summary>
internal sealed class Population(RulesOptions options)
{
    // A million requests a second.
    private static readonly TimeSpan Pace = TimeSpan.FromMicroseconds(1);

    private TimeSpan _now;
    private long _tickets;

    public Table Table { get; } = new(options, new SeededKeySource());

    public TimeSpan Now => _now;

    /// <summary>Players who wait for anybody. None of them asks for a pair.</summary>
    public void AddStrangers(int count)
    {
        for (var i = 0; i < count; i++)
            Ask($"0,stranger{i},*,*,*");
    }

    /// <summary>Players who each wait for a partner that never comes.</summary>
    public void AddUnmatched(int count)
    {
        for (var i = 0; i < count; i++)
            Ask($"0,waiting{i},*,missing{i},*");
    }

    /// <summary>Games in which both seats have taken a turn; the seats of each are neighbours.</summary>
    public List<PlayingSeat> AddGames(int count)
    {
        var seats = new List<PlayingSeat>(count * 2);
        for (var i = 0; i < count; i++)
        {
            var a = Ask($"0,one{i},*,other{i},*").Key;
            var b = Ask($"0,other{i},*,one{i},*").Key;
            Ask($"2,*,{a},*");
            Ask($"3,*,{a},*");
            Ask($"3,*,{b},*");
            Ask($"4,*,{a},*");
            var first = new PlayingSeat(Ask($"4,*,{b},*"));
            var second = new PlayingSeat(Ask($"4,*,{a},*"));
            Send(first.NextUpdate(), Inputs.Update);
            Send(second.NextUpdate(), Inputs.Update);
            seats.Add(first);
            seats.Add(second);
        }

        return seats;
    }

    /// <summary>Sends a request that is answered at once and not refused.</summary>
    public Reply Ask(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return Send(Inputs.Parse(bytes), bytes);
    }

    /// <summary>Applies a request that is answered at once and not refused.</summary>
    public Reply Send(in TurnRequest request, byte[] body)
    {
        _now += Pace;
        var answers = Table.Apply(new Arrival
        {
            Ticket = new Ticket(++_tickets),
            Request = request,
            Body = body,
            From = Inputs.From,
        }, _now);
        if (answers.Length != 1 || answers[0].Reply.Error != ErrorCode.None)
            throw new InvalidOperationException($"Not the one reply expected: {string.Join(", ", answers.ToArray())}");
        return answers[0].Reply;
    }
}

/// <summary>One seat of a game, and the counter that its next update has.</summary>
internal sealed class PlayingSeat(Reply start)
{
    private static readonly TurnRequest Update = Inputs.Parse(Inputs.Update);

    private TurnRequest _next = Update with { Key = start.Key, Seat = start.Seat, Counter = 0 };

    /// <summary>The next update, with the turn of <see cref="Inputs.Update"/>.</summary>
    public TurnRequest NextUpdate()
    {
        var next = _next;
        _next = next with { Counter = next.Counter + 1 };
        return next;
    }
}
