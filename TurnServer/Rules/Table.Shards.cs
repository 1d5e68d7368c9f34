using TurnServer.Rules.Shards;

namespace TurnServer.Rules;

/// <summary>What a shard of a cluster and the others tell each other.</summary>
public sealed partial class Table
{
    /// <summary>The channels to other shards: of the lobby to all, of any other to the lobby.</summary>
    internal IReadOnlyList<ShardChannel> Channels { get; }

    /// <summary>
    /// The last message to the lobby that it is known to have applied; see <see cref="Answer.Awaits"/>.
    /// </summary>
    internal long AppliedByLobby => _remoteLobby is null ? 0 : _remoteLobby.Channel.Acknowledged;

    /// <summary>
    /// The next messages to another shard, with what has been applied of its own. May be sent once all that this table
    /// has been told is recorded, and any number of times.
    /// </summary>
    /// <param name="channel">The channel to it.</param>
    /// <param name="after">The last message that need not be sent again.</param>
    internal ShardFrame FrameFor(ShardChannel channel, long after)
    {
        var skipped = (int)Math.Max(0, after - channel.Acknowledged);
        return new ShardFrame(Role.Number, channel.Applied, channel.Acknowledged + skipped + 1,
            ShardFrame.Fitting(channel.Unacknowledged.Skip(skipped)));
    }

    /// <summary>
    /// Applies the messages of another shard that have not been applied yet; those behind a missing one are ignored,
    /// and must be sent again. The answers are to requests that these messages decide.
    /// </summary>
    /// <param name="frame">The messages.</param>
    /// <param name="now">As in <see cref="Apply"/>.</param>
    /// <exception cref="CorruptStateException">The frame cannot come from a shard of this cluster.</exception>
    internal ReadOnlySpan<Answer> Receive(in ShardFrame frame, TimeSpan now)
    {
        _responder.Clear();
        _keys.Clear();
        now = Advance(now);
        var channel = FindChannel(frame.From);
        channel.Acknowledge(frame.Applied);
        for (var i = 0; i < frame.Messages.Count; i++)
        {
            if (!channel.TryAccept(frame.First + i))
                continue;
            if (_remoteGames is not null)
                _remoteGames.Apply(channel, frame.Messages[i], now);
            else
                _remoteLobby!.Apply(channel.Applied, frame.Messages[i], now);
        }

        return _responder.Answers;
    }

    /// <summary>The last message of another shard that has been applied.</summary>
    internal long AppliedOf(int shard) => FindChannel(shard).Applied;

    /// <summary>
    /// Takes messages to another shard that have not been taken since the table was created or restored; false: there
    /// are none. May be sent once all that this table has been told is recorded.
    /// </summary>
    internal bool TryTakeFrame(out int peer, out ShardFrame frame)
    {
        (peer, frame) = (0, default);
        if (_toHandOut.Count == 0)
            return false;
        var channel = _toHandOut[^1];
        (peer, frame) = (channel.Peer, FrameFor(channel, channel.HandedOut));
        channel.HandedOut = frame.First + frame.Messages.Count - 1;
        if (channel.HandedOut == channel.Sent)
            _toHandOut.RemoveAt(_toHandOut.Count - 1);
        return true;
    }

    private ShardChannel FindChannel(int shard)
    {
        foreach (var channel in Channels)
        {
            if (channel.Peer == shard)
                return channel;
        }

        throw new CorruptStateException($"message of shard {shard} to shard {Role.Number}");
    }
}
