namespace TurnServer.Tests.Simulation;

/// <summary>Bugs in what shards tell each other.</summary>
internal static partial class Mutations
{
    private static readonly IReadOnlyList<Mutation> OfShards =
    [
        OfMessages("a message is applied twice", "Rules/Shards/ShardChannel.cs",
            "if (number != Applied + 1)", "if (number != Applied + 1 && number != Applied)"),
        OfMessages("a message behind a missing one is applied", "Rules/Shards/ShardChannel.cs",
            "if (number != Applied + 1)", "if (number <= Applied)"),
        OfMessages("a new owner forgets messages that it must send", "Rules/Shards/ShardChannel.cs",
            "to.Number(_unacknowledged.Count);\n        foreach (var message in _unacknowledged)\n"
            + "            to.Bytes(message);",
            "to.Number(0);"),
        OfMessages("a new owner forgets what it has applied", "Rules/Shards/ShardChannel.cs",
            "Applied = from.Long();", "Applied = Math.Max(0, from.Long() - 1);"),
        OfMessages("a message counts as applied before it is", "Rules/Table.Shards.cs",
            "channel.Applied, channel.Acknowledged + skipped + 1",
            "channel.Applied + 1, channel.Acknowledged + skipped + 1"),
        OfMessages("a frame names the wrong number", "Rules/Table.Shards.cs",
            "channel.Acknowledged + skipped + 1", "channel.Acknowledged + 1"),
        OfMessages("the first update is answered before the lobby knows", "Rules/Table.Shards.cs",
            "_remoteLobby.Channel.Acknowledged", "_remoteLobby.Channel.Sent"),
        OfMessages("a repeated first update is answered before the lobby knows", "Rules/Responder.cs",
            "Send(ticket, to.WithHeaders(reply, now), to.Awaits);",
            "Send(ticket, to.WithHeaders(reply, now), reply.Code == ReplyCode.GameRedundant ? 0 : to.Awaits);"),
        OfMessages("a pairing key is answered without its shard", "Rules/Shards/RemoteGames.cs",
            "new Question(ticket, symbol, player.Key));\n        return false;",
            "new Question(default, symbol, player.Key));\n        if (player.Seat is not null)\n"
            + "            return true;\n        _asked[(player.GameShard, _channels[player.GameShard - 1].Sent)] =\n"
            + "            new Question(ticket, symbol, player.Key);\n        return false;"),
        OfMessages("a pairing key does not count for the seat", "Rules/Shards/RemoteLobby.cs",
            "responder.NoteRequest(seat!, now);", ""),
        OfMessages("leaving by the pairing key leaves no seat", "Rules/Shards/RemoteLobby.cs",
            "if (leaves)", "if (leaves && number % 3 != 0)"),
        OfMessages("a pairing key that has ended is answered", "Rules/Shards/RemoteLobby.cs",
            "Channel.Send(ShardMessage.Heard(number, isValid));", "Channel.Send(ShardMessage.Heard(number, true));"),
        OfMessages("keys do not carry their shard", "Rules/Shards/ShardRole.cs",
            "+ (ulong)(role.Number - 1)", "+ number % (ulong)role.GameShards"),
        OfMessages("a request goes to another shard than its key's", "Rules/Shards/ShardRole.cs",
            "1 + (int)(seatKey % (ulong)GameShards)", "1 + (int)(seatKey / 3 % (ulong)GameShards)"),
        OfMessages("the end of a game is not told", "Rules/Games.cs", "Lobby.EndGame();", ""),
        OfMessages("a new owner forgets which seats have registered players", "Rules/TableSnapshotReader.cs",
            "_parts.RemoteLobby?.Restore();", ""),
        OfMessages("a new owner forgets where games are", "Rules/Shards/ShardSnapshot.cs",
            "player.GameShard = from.Int();", "player.GameShard = Math.Max(1, from.Int() - 1);"),
    ];

    private static Mutation OfMessages(string breaks, string file, string old, string @new) =>
        new(breaks, file, old, @new) { Kind = SimulationKind.Shards };
}
