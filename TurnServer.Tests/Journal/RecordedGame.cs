using System.Text;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Journal;

/// <summary>A game recorded on a simulated disk in the way the actor does.</summary>
internal sealed class RecordedGame
{
    public static readonly JournalOptions Options = new() { SegmentBytes = 32 * 1024 };

    private readonly ulong[] _keys = new ulong[2];
    private readonly int[] _seats = new int[2];
    private readonly long[] _counters = new long[2];
    private readonly RulesOptions _rules;
    private long _tickets;
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    public RecordedGame(SimulatedDisk? disk = null, RulesOptions? rules = null)
    {
        Disk = disk ?? new SimulatedDisk();
        _rules = rules ?? new RulesOptions();
        Store = Open(Disk, _rules);
        Store.Begin();
        Store.Preparer.Prepare();
    }

    public SimulatedDisk Disk { get; }

    public StateStore Store { get; private set; }

    /// <summary>The name of the current segment.</summary>
    public string Segment => StateFileNames.Segment(Store.Journal.Current.Number);

    /// <summary>Opens the state under these rules without beginning its journal.</summary>
    public static StateStore Open(SimulatedDisk disk, RulesOptions? rules = null) => StateStore.Open(disk, Options,
        new StateSettings(rules ?? new RulesOptions(), true), last => new SequentialKeySource(last + 1 ?? 0));

    /// <summary>Pairs two players if necessary, and lets them take turns.</summary>
    public void Play(int turns)
    {
        if (_counters[0] == 0 && _counters[1] == 0)
            Pair();
        for (var turn = 0; turn < turns; turn++)
            Turn($"turn {turn} of {turns}");
    }

    /// <summary>The next turn, alternating between the players. Returns the reply.</summary>
    public string Turn(string text)
    {
        var player = _counters[0] > _counters[1] ? 1 : 0;
        return Ask($"6,{text},{_keys[player]},{_seats[player]},{_counters[player]++}");
    }

    /// <summary>Applies a request and records it. Returns the reply.</summary>
    public string Ask(string body)
    {
        Store.Preparer.Prepare();
        var bytes = Encoding.UTF8.GetBytes(body);
        Assert.That(RequestParser.TryParse(bytes, out var request, out _), body);
        Assert.That(Store.Journal.TryReserve(bytes.Length, Store.Table));
        _now += TimeSpan.FromMilliseconds(20);
        var arrival = new Arrival { Ticket = new Ticket(++_tickets), Request = request, Body = bytes, From = default };
        var reply = Encoding.UTF8.GetString(ReplyWriter.ToBytes(Store.Table.Apply(arrival, _now)[^1].Reply));
        Store.Journal.Record(arrival, Store.Table, _now);
        return reply;
    }

    /// <summary>Restarts as after a kill.</summary>
    public void Restart(RulesOptions? rules = null)
    {
        Store = Open(Disk, rules ?? _rules);
        Store.Begin();
        _now = Store.Table.Now;
    }

    /// <summary>The positions of the frames in the current segment.</summary>
    public List<int> Frames()
    {
        var frames = new List<int>();
        for (var at = SegmentHead.Bytes; at < Store.Journal.Current.Written;
            at += Frame.Size(BitConverter.ToInt32(Disk.ContentOf(Segment).AsSpan(at))))
        {
            frames.Add(at);
        }

        return frames;
    }

    /// <summary>The positions of padding bytes in the current segment.</summary>
    public IEnumerable<int> Padding()
    {
        foreach (var frame in Frames())
        {
            var length = BitConverter.ToInt32(Disk.ContentOf(Segment).AsSpan(frame));
            for (var at = frame + Frame.HeaderBytes + length; at < frame + Frame.Size(length); at++)
                yield return at;
        }
    }

    private void Pair()
    {
        var players = new[] { Ask("0,Ann,*,*,*")[4..], Ask("0,Bob,*,*,*")[4..] };
        foreach (var symbol in new[] { 2, 3, 4 })
        {
            foreach (var player in players)
                Ask($"{symbol},*,{player},*,*");
        }

        for (var i = 0; i < 2; i++)
        {
            var start = Ask($"4,*,{players[i]},*,*")[4..].Split('|');
            (_keys[i], _seats[i]) = (ulong.Parse(start[0], System.Globalization.CultureInfo.InvariantCulture),
                start[1] == "0" ? 0 : 1);
        }
    }
}
