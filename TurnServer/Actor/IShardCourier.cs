using TurnServer.Rules.Shards;

namespace TurnServer.Actor;

/// <summary>Sends messages to other shards, again and again until they are applied there.</summary>
internal interface IShardCourier
{
    /// <summary>
    /// Takes over new messages, which are recorded. Called on the thread that records; must not block.
    /// </summary>
    /// <param name="peer">The shard that they are for.</param>
    /// <param name="frame">The messages, which follow those before.</param>
    void Send(int peer, in ShardFrame frame);
}
