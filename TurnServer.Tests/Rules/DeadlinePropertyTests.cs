using CsCheck;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>
/// A table that is ticked only at its <see cref="Table.NextDeadline"/> does the same, at the same times, as one that is
/// ticked all the time. And its gauges equal a recount.
/// </summary>
public sealed class DeadlinePropertyTests
{
    private const int PlayersMax = 4;
    private static readonly TimeSpan Quantum = TimeSpan.FromSeconds(1);

    private static readonly RulesOptions Options = new()
    {
        PairingTimeout = TimeSpan.FromSeconds(5),
        LongPairingTimeout = TimeSpan.FromSeconds(9),
        LoadTimeout = TimeSpan.FromSeconds(7),
        GameTimeout = TimeSpan.FromSeconds(6),
    };

    private static readonly Gen<Act> AnyAct = Gen.Select(Gen.Int[0, PlayersMax - 1], Gen.Int[0, 11], Gen.Int[0, 10],
        (who, what, seconds) => new Act(who, what, seconds));

    [Test]
    public void NextDeadline_IsNeverLate() => AnyAct.Array[1, 80].Sample(acts =>
    {
        var lazy = new Party(Turn);
        var eager = new Party(TurnStepwise);
        foreach (var act in acts)
        {
            lazy.Do(act);
            eager.Do(act);
        }

        // All players time out.
        lazy.Do(new Act(0, Party.Sleep, 60));
        eager.Do(new Act(0, Party.Sleep, 60));
        Assert.That(lazy.Log(), Is.EqualTo(eager.Log()));
        Assert.That(lazy.Table.Table.IsEmpty && eager.Table.Table.IsEmpty);
    }, iter: 1000, threads: 1);

    [Test]
    public void Gauges_equal_a_recount() => AnyAct.Array[1, 80].Sample(acts =>
    {
        var party = new Party(Turn);
        foreach (var act in acts)
        {
            party.Do(act);
            var table = party.Table.Table;
            var (view, counters) = (table.View(int.MaxValue), table.GetStatistics());
            var byStatus = Enum.GetValues<PlayerStatus>()
                .Select(status => view.Players.Count(player => player.Status == status));
            Assert.That(counters.PlayersByStatus, Is.EqualTo(byStatus));
            Assert.That(counters.BacklogBytes,
                Is.EqualTo(view.Games.Sum(game => game.Seat0.BacklogBytes + game.Seat1.BacklogBytes)));
        }
    }, iter: 1000, threads: 1);

    private static void Turn(TableDriver table, TimeSpan time) => table.Advance(time);

    private static void TurnStepwise(TableDriver table, TimeSpan time)
    {
        for (; time > TimeSpan.Zero; time -= Quantum)
        {
            table.Skip(Quantum);
            table.Tick();
        }
    }

    /// <summary>What a player does next, and for how long it may wait or the clock is advanced.</summary>
    private sealed record Act(int Who, int What, int Seconds);

    /// <summary>A few players of one table, who use the keys that they were given.</summary>
    private sealed class Party(Action<TableDriver, TimeSpan> turn)
    {
        public const int Sleep = 11;

        private readonly string[] _pairingKeys = ["404", "404", "404", "404"];
        private readonly string[] _seats = ["404,0", "404,0", "404,0", "404,0"];
        private readonly int[] _counters = new int[PlayersMax];
        private readonly List<HeldReply> _replies = [];

        public TableDriver Table { get; } = new(Options);

        public void Do(Act act)
        {
            var (who, what, seconds) = act;
            if (what >= Sleep - 1)
                turn(Table, TimeSpan.FromSeconds(seconds));
            else
                Send(who, what, seconds);
        }

        public IEnumerable<string> Log() => _replies.Select(reply => $"{reply.AnsweredAt} {reply.Text}");

        private void Send(int who, int what, int seconds)
        {
            var key = _pairingKeys[who];
            var reply = Table.Hold(what switch
            {
                0 => $"0,P{who % 3},{(seconds > 5 ? "bibbybabbis" : "*")},*,*",
                1 => $"0,P{who},*,P{who ^ 1},{(seconds > 5 ? "t" : "*")}",
                2 => seconds > 7 ? $"1,*,{key},*,*" : $"2,*,{key},*,*",
                3 or 4 => $"2,*,{key},*,*",
                5 => $"3,*,{key},*,*",
                6 => $"4,*,{key},*,*",
                7 => $"6,turn,{_seats[who]},{_counters[who]++}",
                8 => $"6,,{_seats[who]},{Math.Max(0, _counters[who] - 1)}",
                _ => seconds > 8 ? $"5,*,{_seats[who]},*" : $"4,*,{key},*,*",
            }, seconds);
            _replies.Add(reply);
            if (reply.Text is not { } text)
                return;
            if (text.StartsWith("0/0/", StringComparison.Ordinal))
                _pairingKeys[who] = text[4..];
            if (!text.StartsWith("0/8/", StringComparison.Ordinal) || _seats[who] == text[4..].Replace('|', ','))
                return;
            _seats[who] = text[4..].Replace('|', ',');
            _counters[who] = 0;
        }
    }
}
