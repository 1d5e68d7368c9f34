using System.Text;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Bench;

/// <summary>A table of players and games, filled by ordinary requests.</summary>
internal sealed class Population(RulesOptions options)
{
    // A million requests a second.
    private static readonly TimeSpan Pace = TimeSpan.FromMicroseconds(1);

    private TimeSpan _now;
    private long _tickets;

    public Table Table { get; } = new(options, new SeededKeySource());

    public TimeSpan Now => _now;

    /// <summary>Adds waiting players who take any partner but never ask for a pair.</summary>
    public void AddStrangers(int count)
    {
        for (var i = 0; i < count; i++)
            Ask($"0,stranger{i},*,*,*");
    }

    /// <summary>Adds waiting players who each name a partner that never comes.</summary>
    public void AddUnmatched(int count)
    {
        for (var i = 0; i < count; i++)
            Ask($"0,waiting{i},*,missing{i},*");
    }

    /// <summary>Adds games in which both seats have taken a turn; the seats of each game are neighbors.</summary>
    public PlayingSeat[] AddGames(int count)
    {
        var seats = new PlayingSeat[count * 2];
        for (var i = 0; i < count; i++)
        {
            var a = Ask($"0,one{i},*,other{i},*").Key;
            var b = Ask($"0,other{i},*,one{i},*").Key;
            Ask($"2,*,{a},*");
            Ask($"3,*,{a},*");
            Ask($"3,*,{b},*");
            Ask($"4,*,{a},*");
            seats[2 * i] = new PlayingSeat(Ask($"4,*,{b},*"));
            seats[(2 * i) + 1] = new PlayingSeat(Ask($"4,*,{a},*"));
            Send(seats[2 * i].NextUpdate(), Inputs.Update);
            Send(seats[(2 * i) + 1].NextUpdate(), Inputs.Update);
        }

        return seats;
    }

    /// <summary>Applies a request that gets a reply at once and no error.</summary>
    public Reply Ask(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return Send(Inputs.Parse(bytes), bytes);
    }

    /// <summary>Applies a request that gets a reply at once and no error.</summary>
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

/// <summary>
/// A seat and the counter of its next update. A value type, so that an array of seats is read in order and the cache
/// misses that a benchmark measures are the server's.
/// </summary>
internal struct PlayingSeat(Reply start)
{
    private static readonly TurnRequest Update = Inputs.Parse(Inputs.Update);

    private readonly ulong _key = start.Key;
    private readonly byte _number = start.Seat;
    private long _counter;

    /// <summary>The next update, with the turn of <see cref="Inputs.Update"/>.</summary>
    public TurnRequest NextUpdate() => Update with { Key = _key, Seat = _number, Counter = _counter++ };
}
