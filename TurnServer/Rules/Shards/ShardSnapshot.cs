namespace TurnServer.Rules.Shards;

/// <summary>Writes what the snapshot of a shard holds beyond its players and games.</summary>
internal static class ShardSnapshotWriter
{
    public static void Write(TableParts table, FieldWriter to, SnapshotSink sink)
    {
        foreach (var player in table.Lobby.Players)
        {
            if (player.GameShard == 0)
                continue;
            to.Byte((byte)SnapshotPart.PlayerSeat);
            to.Number(player.Key);
            to.Number(player.GameShard);
            to.Flag(player.Seat is not null);
            if (player.Seat is { } seat)
            {
                to.Number(seat.Key);
                to.Byte(seat.Number);
            }

            TableSnapshotWriter.Flush(to, sink);
        }

        foreach (var seat in table.Games.Seats)
        {
            if (seat.PairingKey is null && seat.Awaits == 0)
                continue;
            to.Byte((byte)SnapshotPart.SeatPlayer);
            to.Number(seat.Key);
            to.Number(seat.Awaits);
            TableSnapshotWriter.WriteKey(to, seat.PairingKey);

            TableSnapshotWriter.Flush(to, sink);
        }

        if (table.RemoteLobby is { Channel: var channel })
            WriteChannel(channel, games: 0, to, sink);
        foreach (var shard in table.RemoteGames?.Channels ?? [])
            WriteChannel(shard, table.RemoteGames!.GamesOf(shard.Peer), to, sink);
    }

    private static void WriteChannel(ShardChannel channel, int games, FieldWriter to, SnapshotSink sink)
    {
        to.Byte((byte)SnapshotPart.Channel);
        channel.Write(to);
        to.Number(games);
        TableSnapshotWriter.Flush(to, sink);
    }
}

/// <summary>Reads what <see cref="ShardSnapshotWriter"/> wrote.</summary>
internal static class ShardSnapshotReader
{
    public static void ReadPlayerSeat(ref FieldReader from, Player player)
    {
        player.GameShard = from.Int();
        if (from.Flag())
            player.Seat = new SeatId(from.Number(), from.OneOf(2));
    }

    public static void ReadSeatPlayer(ref FieldReader from, Seat seat)
    {
        seat.Awaits = from.Long();
        seat.PairingKey = TableSnapshotReader.ReadKey(ref from);
    }

    public static void ReadChannel(ref FieldReader from, Table table)
    {
        var peer = from.Int();
        var channel = table.Channels.FirstOrDefault(channel => channel.Peer == peer)
            ?? throw new CorruptStateException($"messages of shard {peer} to shard {table.Role.Number}");
        channel.Read(ref from);
        var games = from.Int();
        table.Parts.RemoteGames?.RestoreGames(peer, games);
    }
}
