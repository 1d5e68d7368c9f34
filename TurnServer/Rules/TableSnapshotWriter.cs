using TurnServer.Protocol;
using TurnServer.Rules.Shards;

namespace TurnServer.Rules;

/// <summary>
/// The kind of a snapshot's part. The numbers are in files: never reuse one.
/// </summary>
internal enum SnapshotPart : byte
{
    /// <summary>The time, the next registration number, the last key and the counters.</summary>
    Head = 1,

    /// <summary>One registration, as written before exclusions expired. Only read.</summary>
    PlayerWithoutExclusionEnds = 2,

    /// <summary>One game, as written before there were pools and totals of turns. Only read.</summary>
    GameWithoutPool = 3,

    /// <summary>
    /// Part of the deadlines, in heap order: it decides who comes first of two that are due at the same time.
    /// </summary>
    Deadlines = 4,

    /// <summary>One registration, as written before there were pools. Only read.</summary>
    PlayerWithoutPool = 5,

    /// <summary>One registration.</summary>
    Player = 6,

    /// <summary>One game with its two seats and their backlogs.</summary>
    Game = 7,

    /// <summary>In the lobby of a cluster: where the game of a player is.</summary>
    PlayerSeat = 8,

    /// <summary>In a shard with games: the registration of a seat's player, and the message that ended it.</summary>
    SeatPlayer = 9,

    /// <summary>In a cluster: the messages between this shard and another one.</summary>
    Channel = 10,
}

/// <summary>Receives the parts of a snapshot one by one; the bytes are valid during the call.</summary>
public delegate void SnapshotSink(ReadOnlySpan<byte> part);

/// <summary>
/// Writes a table in parts of bounded size, of which <see cref="TableSnapshotReader"/> makes an identical one: the same
/// requests at the same times with the same keys give the same answers. Held replies are included.
/// </summary>
internal static class TableSnapshotWriter
{
    private const int DeadlinesPerPart = 1024;

    public static void Write(TableParts table, SnapshotSink sink)
    {
        var writer = new FieldWriter();
        WriteHead(writer, table);
        Flush(writer, sink);
        foreach (var player in table.Lobby.Players)
        {
            WritePlayer(writer, player);
            Flush(writer, sink);
        }

        foreach (var seat in table.Games.Seats)
        {
            if (seat.Number != 0)
                continue;
            WriteGame(writer, seat.Game, hasLobby: table.RemoteLobby is null);
            Flush(writer, sink);
        }

        if (table.RemoteGames is not null || table.RemoteLobby is not null)
            ShardSnapshotWriter.Write(table, writer, sink);
        for (var from = 0; from < table.Deadlines.Count; from += DeadlinesPerPart)
        {
            WriteDeadlines(writer, table.Deadlines, from, Math.Min(from + DeadlinesPerPart, table.Deadlines.Count));
            Flush(writer, sink);
        }
    }

    internal static void Flush(FieldWriter writer, SnapshotSink sink)
    {
        sink(writer.Written);
        writer.Clear();
    }

    private static void WriteHead(FieldWriter to, TableParts table)
    {
        to.Byte((byte)SnapshotPart.Head);
        to.Time(table.Now);
        to.Number(table.Lobby.NextOrder);
        to.Number(table.Keys.Last);
        to.Number(table.Lobby.PlayerCount);
        to.Number(table.Games.Count);
        to.Number(table.Deadlines.Count);
        table.Statistics.Write(to);
    }

    private static void WritePlayer(FieldWriter to, Player player)
    {
        to.Byte((byte)SnapshotPart.Player);
        to.Number(player.Key);
        to.Text(player.Name);
        to.TextOrNull(player.Wanted);
        to.Address(player.From);
        to.TextOrNull(player.Pool);
        to.TextOrNull(player.Token);
        to.Flag(player.LongTimeout);
        to.Time(player.RegisteredAt);
        to.Number(player.Order);
        to.Byte((byte)player.Status);
        to.Flag(player.IsHost);
        WriteKey(to, player.Partner?.Key);
        to.Text(player.PartnerName);
        to.Flag(player.PartnerDropSent);
        to.Number(player.Exclusions.Count);
        foreach (var (name, from, until) in player.Exclusions)
        {
            to.Text(name);
            to.Address(from);
            to.Time(until);
        }

        WriteParticipant(to, player);
    }

    // In a shard with games the players are elsewhere: see SnapshotPart.SeatPlayer.
    private static void WriteGame(FieldWriter to, Game game, bool hasLobby)
    {
        to.Byte((byte)SnapshotPart.Game);
        to.Time(game.StartedAt);
        to.TextOrNull(game.Pool);
        for (var number = 0; number < 2; number++)
        {
            var seat = game[number];
            to.Number(seat.Key);
            to.Text(seat.Name);
            to.Address(seat.From);
            WriteKey(to, hasLobby ? seat.PairingKey : null);
            // Unsigned, so that both −1 and 2⁶³−1 fit.
            to.Number((ulong)(seat.LastCounter + 1));
            to.Flag(seat.Totals is not null);
            if (seat.Totals is { } totals)
            {
                to.Number(totals.Taken);
                to.Number(totals.Acknowledged);
            }

            to.Byte(seat.Left is { } left ? (byte)(left + 1) : (byte)0);
            to.Number(seat.Backlog.Block.Length);
            to.Bytes(seat.Backlog.All.Span);
            WriteParticipant(to, seat);
        }
    }

    private static void WriteParticipant(FieldWriter to, Participant participant)
    {
        to.Time(participant.LastHeard);
        to.Flag(participant.IsHeld);
        if (!participant.IsHeld)
            return;
        to.Number(participant.HeldTicket.Number);
        to.Byte((byte)participant.HeldCode);
        to.Time(participant.HeldUntil);
    }

    private static void WriteDeadlines(FieldWriter to, Deadlines deadlines, int from, int end)
    {
        to.Byte((byte)SnapshotPart.Deadlines);
        to.Number(end - from);
        for (var i = from; i < end; i++)
        {
            var (at, participant) = deadlines[i];
            to.Time(at);
            to.Flag(participant is Seat);
            to.Number(participant is Seat seat ? seat.Key : ((Player)participant).Key);
        }
    }

    internal static void WriteKey(FieldWriter to, ulong? key)
    {
        to.Flag(key is not null);
        if (key is { } some)
            to.Number(some);
    }
}
