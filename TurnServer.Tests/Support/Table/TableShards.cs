using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Rules.Shards;

namespace TurnServer.Tests.Support;

/// <summary>A lobby and shards with games; what they tell each other is carried over when the test says so.</summary>
internal sealed class TableShards
{
    private readonly Table[] _tables;
    private readonly Dictionary<Ticket, string> _awaiting = [];

    public TableShards(RulesOptions options, int gameShards, Func<IKeySource> numbers)
    {
        _tables = [.. Enumerable.Range(0, gameShards + 1).Select(number => new ShardRole(number, gameShards))
            .Select(role => new Table(options, role.KeysFrom(numbers()), role))];
    }

    /// <summary>The lobby, and then the shards with games.</summary>
    public IReadOnlyList<Table> All => _tables;

    public Table Lobby => _tables[0];

    /// <summary>The replies that have left, in order.</summary>
    public List<(Ticket Ticket, string Reply)> Replies { get; } = [];

    /// <summary>The replies that wait for the lobby.</summary>
    public IReadOnlyDictionary<Ticket, string> Awaiting => _awaiting;

    /// <summary>Applies a request where it belongs.</summary>
    public void Apply(in Arrival arrival, TimeSpan now)
    {
        var table = _tables[Lobby.Role.ShardOf(arrival.Request)];
        Take(table, table.Apply(arrival, now));
    }

    /// <summary>Carries what one shard has to tell another one. False: nothing.</summary>
    public bool Carry(int from, int to, TimeSpan now)
    {
        var channel = _tables[from].Channels.SingleOrDefault(channel => channel.Peer == to);
        var back = _tables[to].Channels.SingleOrDefault(channel => channel.Peer == from);
        if (channel is null || back is null)
            return false;
        if (channel.Unacknowledged.Count == 0 && back.Acknowledged >= channel.Applied)
            return false;
        var frame = _tables[from].FrameFor(channel, channel.Acknowledged);
        Take(_tables[to], _tables[to].Receive(ShardFrame.Read(frame.ToBytes()), now));
        return true;
    }

    /// <summary>Carries until nobody has anything to tell.</summary>
    public void CarryAll(TimeSpan now)
    {
        for (var isBusy = true; isBusy;)
        {
            isBusy = false;
            for (var shard = 1; shard < _tables.Length; shard++)
                isBusy |= Carry(0, shard, now) | Carry(shard, 0, now);
        }
    }

    /// <summary>Puts another table in the place of one.</summary>
    public void Replace(int shard, Table table) => _tables[shard] = table;

    private void Take(Table table, ReadOnlySpan<Answer> answers)
    {
        foreach (var answer in answers)
        {
            var reply = RandomPlayers.Text(answer.Reply);
            if (answer.Awaits > table.AppliedByLobby)
                _awaiting.Add(answer.Ticket, $"{answer.Awaits} {reply}");
            else
                Replies.Add((answer.Ticket, reply));
        }

        foreach (var (ticket, awaiting) in _awaiting.ToArray())
        {
            var space = awaiting.IndexOf(' ', StringComparison.Ordinal);
            if (table.Role.HasLobby || long.Parse(awaiting[..space], null) > table.AppliedByLobby)
                continue;
            _awaiting.Remove(ticket);
            Replies.Add((ticket, awaiting[(space + 1)..]));
        }
    }
}
