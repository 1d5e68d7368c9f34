using TurnServer.Protocol;

namespace TurnServer.Rules.Shards;

/// <summary>The lobby of a cluster as a shard with games sees it: messages to it, and what comes from it.</summary>
/// <param name="games">The games.</param>
/// <param name="responder">Notes requests.</param>
internal sealed class RemoteLobby(Games games, Responder responder) : ILobby
{
    // The seats whose players are still registered, by Player.Order.
    private readonly Dictionary<long, Seat> _registered = [];

    public ShardChannel Channel { get; } = new(peer: 0);

    /// <inheritdoc/>
    public long Retire(PlayerId player)
    {
        _registered.Remove(player.Order);
        return Channel.Send(ShardMessage.About(ShardMessageKind.Retire, player));
    }

    /// <inheritdoc/>
    public void EndGame() => Channel.Send(ShardMessage.Ended());

    /// <summary>Applies a message of the lobby.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="message">The message.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="CorruptStateException">It is not a message of a lobby.</exception>
    public void Apply(long number, ReadOnlySpan<byte> message, TimeSpan now)
    {
        var from = new FieldReader(message);
        switch ((ShardMessageKind)from.Byte())
        {
            case ShardMessageKind.Start: Start(number, ShardMessage.ReadStart(ref from), now); break;
            case ShardMessageKind.Hear: Hear(number, ShardMessage.ReadPlayer(ref from), leaves: false, now); break;
            case ShardMessageKind.Leave: Hear(number, ShardMessage.ReadPlayer(ref from), leaves: true, now); break;
            case var other: throw new CorruptStateException($"message {other} of a lobby");
        }

        from.End();
    }

    /// <summary>Finds the seats of registered players, once all games are restored.</summary>
    public void Restore()
    {
        foreach (var seat in games.Seats)
        {
            if (seat.Player is { } player && !_registered.TryAdd(player.Order, seat))
                throw new CorruptStateException("two seats of one player");
        }
    }

    private void Start(long number, in GameStart start, TimeSpan now)
    {
        var seats = games.Start(start, now);
        _registered.Add(start.First.Id.Order, games.Find(seats.First)!);
        _registered.Add(start.Second.Id.Order, games.Find(seats.Second)!);
        Channel.Send(ShardMessage.Seats(number, start.First.Id, start.Second.Id, seats));
    }

    // Behind the message that a registration has ended, if it has: so the lobby knows why.
    private void Hear(long number, PlayerId player, bool leaves, TimeSpan now)
    {
        var isValid = _registered.TryGetValue(player.Order, out var seat);
        if (isValid)
        {
            responder.NoteRequest(seat!, now);
            if (leaves)
                games.Leave(seat!, Departure.Quit, now);
        }

        Channel.Send(ShardMessage.Heard(number, isValid));
    }
}
