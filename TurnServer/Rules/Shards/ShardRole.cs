using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// Which part of all players and games a table holds. Everything is in one table on a single machine; in a cluster
/// shard 0 is the lobby, with all registrations, and the others share the games.
/// </summary>
/// <param name="Number">0: the lobby; from 1: games.</param>
/// <param name="GameShards">
/// How many shards share the games: a power of two, so that it divides the range of keys; 0: there is one table for
/// everything.
/// </param>
public readonly record struct ShardRole(int Number, int GameShards)
{
    /// <summary>One table for everything.</summary>
    public static ShardRole Whole => default;

    /// <summary>The lobby of a cluster with this many shards for games.</summary>
    public static ShardRole Lobby(int gameShards) => new(0, gameShards);

    /// <summary>Whether registrations are in this table.</summary>
    public bool HasLobby => Number == 0;

    /// <summary>Whether games are in this table.</summary>
    public bool HasGames => GameShards == 0 || Number > 0;

    /// <summary>The shard that has the answer to a request.</summary>
    public int ShardOf(in TurnRequest request) => GameShards > 0 && request.Symbol is Symbol.GameQuit
        or Symbol.GameUpdate ? ShardOfSeat(request.Key) : 0;

    /// <summary>The shard of a seat key.</summary>
    public int ShardOfSeat(ulong seatKey) => 1 + (int)(seatKey % (ulong)GameShards);

    /// <summary>The keys of this shard's seats, from random or sequential numbers: they carry the shard.</summary>
    internal IKeySource KeysFrom(IKeySource numbers) => GameShards == 0 || Number == 0
        ? numbers
        : new SeatKeySource(this, numbers);

    /// <summary>The number that a key of this shard was made from.</summary>
    internal ulong NumberOf(ulong key) => GameShards == 0 || Number == 0 ? key : key / (ulong)GameShards;

    private sealed class SeatKeySource(ShardRole role, IKeySource numbers) : IKeySource
    {
        public ulong Draw()
        {
            var number = numbers.Draw() % (ProtocolLimits.KeyEnd / (ulong)role.GameShards);
            return (number * (ulong)role.GameShards) + (ulong)(role.Number - 1);
        }
    }
}
