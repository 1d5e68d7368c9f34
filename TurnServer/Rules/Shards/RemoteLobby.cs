using TurnServer.Protocol;

namespace TurnServer.Rules.Shards;

/// <summary>The lobby of a cluster as a shard with games sees it: messages to it, and what comes from it.</summary>
/// <param name="games">The games.</param>
/// <param name="responder">Notes requests.</param>
/// <param name="toHandOut">See <see cref="ShardChannel"/>.</param>
internal sealed class RemoteLobby(Games games, Responder responder, ICollection<ShardChannel> toHandOut) : ILobby
{
    // The seats whose players are still registered, by their pairing keys.
    private readonly Dictionary<ulong, Seat> _registered = [];

    public ShardChannel Channel { get; } = new(peer: 0, toHandOut);

    /// <inheritdoc/>
    public long Retire(ulong pairingKey)
    {
        _registered.Remove(pairingKey);
        return Channel.Send(ShardMessage.About(ShardMessageKind.Retire, pairingKey));
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
            case ShardMessageKind.Hear: Hear(number, from.Number(), leaves: false, now); break;
            case ShardMessageKind.Leave: Hear(number, from.Number(), leaves: true, now); break;
            case var other: throw new CorruptStateException($"message {other} of a lobby");
        }

        from.End();
    }

    /// <summary>Finds the seats of registered players, once all games are restored.</summary>
    public void Restore()
    {
        foreach (var seat in games.Seats)
        {
            if (seat.PairingKey is { } key && !_registered.TryAdd(key, seat))
                throw new CorruptStateException("two seats of one player");
        }
    }

    private void Start(long number, in GameStart start, TimeSpan now)
    {
        var seats = games.Start(start, now);
        _registered.Add(start.First.PairingKey, games.Find(seats.First)!);
        _registered.Add(start.Second.PairingKey, games.Find(seats.Second)!);
        Channel.Send(ShardMessage.Seats(number, start.First.PairingKey, start.Second.PairingKey, seats));
    }

    // Behind the message that a registration has ended, if it has: so the lobby knows why.
    private void Hear(long number, ulong pairingKey, bool leaves, TimeSpan now)
    {
        var isValid = _registered.TryGetValue(pairingKey, out var seat);
        if (isValid)
        {
            responder.NoteRequest(seat!, now);
            if (leaves)
                games.Leave(seat!, Departure.Quit, now);
        }

        Channel.Send(ShardMessage.Heard(number, isValid));
    }
}
