using TurnServer.Protocol;
using TurnServer.Rules.Shards;

namespace TurnServer.Rules;

/// <summary>Builds a table from the parts of <see cref="Table.WriteSnapshot"/>, in the same order.</summary>
public sealed class TableSnapshotReader
{
    private static readonly int StatusCount = Enum.GetValues<PlayerStatus>().Length;
    private static readonly int DepartureCount = Enum.GetValues<Departure>().Length;

    private readonly RulesOptions _options;
    private readonly Table _table;
    private readonly TableParts _parts;
    private readonly List<(Player Player, ulong Partner)> _partners = [];
    private bool _hasHead;
    private int _players;
    private int _games;
    private int _deadlines;

    /// <summary>Starts with an empty table.</summary>
    /// <param name="options">The table's options from now on.</param>
    /// <param name="keys">The table's key source from now on.</param>
    /// <param name="role">Which part of everything the table holds.</param>
    public TableSnapshotReader(RulesOptions options, IKeySource keys, ShardRole role = default)
    {
        _options = options;
        _table = new Table(options, keys, role);
        _parts = _table.Parts;
    }

    /// <summary>Reads the next part.</summary>
    /// <exception cref="CorruptStateException">The part is invalid.</exception>
    public void Read(ReadOnlySpan<byte> part)
    {
        var from = new FieldReader(part);
        var kind = (SnapshotPart)from.Byte();
        if (_hasHead == (kind == SnapshotPart.Head))
            throw new CorruptStateException("head part missing or repeated");
        switch (kind)
        {
            case SnapshotPart.Head: ReadHead(ref from); break;
            case SnapshotPart.Player or SnapshotPart.PlayerWithoutPool or SnapshotPart.PlayerWithoutExclusionEnds:
                ReadPlayer(ref from, kind);
                break;
            case SnapshotPart.Game or SnapshotPart.GameWithoutPool: ReadGame(ref from, kind); break;
            case SnapshotPart.Deadlines: ReadDeadlines(ref from); break;
            case SnapshotPart.PlayerSeat:
                ShardSnapshotReader.ReadPlayerSeat(ref from, FindPlayer(from.Number()));
                break;
            case SnapshotPart.SeatPlayer:
                ShardSnapshotReader.ReadSeatPlayer(ref from, FindSeat(from.Number()));
                break;
            case SnapshotPart.Channel: ShardSnapshotReader.ReadChannel(ref from, _table); break;
            default: throw new CorruptStateException($"unknown part kind {(byte)kind}");
        }

        from.End();
    }

    /// <summary>The table, once all parts are read. Do not use the reader again.</summary>
    /// <exception cref="CorruptStateException">Parts are missing or inconsistent.</exception>
    public Table Finish()
    {
        if (!_hasHead || _parts.Lobby.PlayerCount != _players || _parts.Games.Count != _games
            || _parts.Deadlines.Count != _deadlines)
        {
            throw new CorruptStateException("missing parts");
        }

        foreach (var (player, partner) in _partners)
            player.Partner = FindPlayer(partner);
        // Exclusions without a recorded expiry may expire before the heap entry.
        foreach (var player in _parts.Lobby.Players.Where(player => player.HeapIndex >= 0))
            _parts.Deadlines.MoveUp(player);
        _parts.Lobby.RebuildQueues();
        _parts.RemoteLobby?.Restore();
        return _table;
    }

    private void ReadHead(ref FieldReader from)
    {
        _hasHead = true;
        _table.SetTime(from.Time());
        _parts.Lobby.NextOrder = from.Long();
        _parts.Keys.Last = from.Number();
        _players = from.Int();
        _games = from.Int();
        _deadlines = from.Int();
        _parts.Statistics.Read(ref from);
    }

    private void ReadPlayer(ref FieldReader from, SnapshotPart kind)
    {
        var player = new Player(from.Number(), from.Text(), from.TextOrNull(), from.Address(), _options)
        {
            Pool = kind == SnapshotPart.Player ? from.TextOrNull() : null,
            Token = from.TextOrNull(),
            LongTimeout = from.Flag(),
            RegisteredAt = from.Time(),
            Order = from.Long(),
            Status = (PlayerStatus)from.OneOf(StatusCount),
            IsHost = from.Flag(),
        };
        if (ReadKey(ref from) is { } partner)
            _partners.Add((player, partner));
        player.PartnerName = from.Text();
        player.PartnerDropSent = from.Flag();
        for (var exclusions = from.Int(); exclusions > 0; exclusions--)
        {
            var (name, address) = (from.Text(), from.Address());
            var until = kind == SnapshotPart.PlayerWithoutExclusionEnds
                ? _table.Now + _options.LoadTimeout
                : from.Time();
            player.Exclude(new Exclusion(name, address, until));
        }

        ReadParticipant(ref from, player);
        if (!_parts.Lobby.TryRestore(player))
            throw new CorruptStateException("duplicate pairing key or token");
    }

    private void ReadGame(ref FieldReader from, SnapshotPart kind)
    {
        var hasPool = kind == SnapshotPart.Game;
        var game = new Game(from.Time(), hasPool ? from.TextOrNull() : null);
        for (byte number = 0; number < 2; number++)
            game[number] = ReadSeat(ref from, game, number, hasTotals: hasPool);
        (game[0].Partner, game[1].Partner) = (game[1], game[0]);
        if (!_parts.Games.TryRestore(game))
            throw new CorruptStateException("duplicate seat key");
    }

    private Seat ReadSeat(ref FieldReader from, Game game, byte number, bool hasTotals)
    {
        var seat = new Seat(from.Number(), number, game, from.Text(), from.Address(), _options);
        if (ReadKey(ref from) is { } key)
        {
            var player = FindPlayer(key);
            seat.PairingKey = key;
            player.Seat = new SeatId(seat.Key, number);
        }

        var counterEnd = from.Number();
        if (counterEnd > 1UL << 63)
            throw new CorruptStateException($"invalid counter {counterEnd - 1}");
        seat.LastCounter = (long)(counterEnd - 1);
        seat.Totals = hasTotals && from.Flag() ? new TurnTotals(from.Long(), from.Long()) : null;
        seat.Left = from.OneOf(DepartureCount + 1) is var left and > 0
            ? (Departure)(left - 1)
            : null;
        var blockLength = from.Int();
        var turns = from.Bytes();
        if (blockLength > turns.Length || turns.Length > ProtocolLimits.BacklogBytesMax)
            throw new CorruptStateException($"invalid backlog of {turns.Length} bytes");
        seat.Backlog.Restore(turns, blockLength);
        ReadParticipant(ref from, seat);
        return seat;
    }

    private static void ReadParticipant(ref FieldReader from, Participant participant)
    {
        participant.LastHeard = from.Time();
        if (!from.Flag())
            return;
        var (ticket, code) = (new Ticket(from.Long()), (ReplyCode)from.Byte());
        if (ticket.Number == 0 || !Enum.IsDefined(code))
            throw new CorruptStateException("invalid held-reply record");
        participant.Hold(ticket, code, from.Time());
    }

    private void ReadDeadlines(ref FieldReader from)
    {
        for (var count = from.Int(); count > 0; count--)
        {
            var at = from.Time();
            Participant participant = from.Flag() ? FindSeat(from.Number()) : FindPlayer(from.Number());
            if (participant.HeapIndex >= 0 || !_parts.Deadlines.TryRestore(at, participant))
                throw new CorruptStateException("deadlines out of order");
        }
    }

    internal static ulong? ReadKey(ref FieldReader from) => from.Flag() ? from.Number() : null;

    private Player FindPlayer(ulong key) =>
        _parts.Lobby.Find(key) ?? throw new CorruptStateException("reference to an unknown player");

    private Seat FindSeat(ulong key) =>
        _parts.Games.Find(key) ?? throw new CorruptStateException("reference to an unknown seat");
}
