using TurnServer.Protocol;

namespace TurnServer.Rules.Shards;

/// <summary>
/// The games of a cluster as its lobby sees them: messages to the shards that have them, and what comes back. A request
/// that a shard decides is answered when that shard has.
/// </summary>
internal sealed class RemoteGames : IGames
{
    private readonly ShardChannel[] _channels;
    private readonly int[] _gamesByShard;
    private readonly Responder _responder;

    // What is to be answered: not part of the state, as no request survives its server.
    private readonly Dictionary<(int Shard, long Number), Question> _asked = [];

    /// <param name="gameShards">How many shards share the games.</param>
    /// <param name="responder">Sends replies.</param>
    /// <param name="toHandOut">See <see cref="ShardChannel"/>.</param>
    public RemoteGames(int gameShards, Responder responder, ICollection<ShardChannel> toHandOut)
    {
        _channels = [.. Enumerable.Range(1, gameShards).Select(shard => new ShardChannel(shard, toHandOut))];
        _gamesByShard = new int[gameShards];
        _responder = responder;
    }

    /// <summary>The registrations. Set once, because the lobby depends on the games.</summary>
    public Lobby Lobby { get; set; } = null!;

    /// <summary>The channels to the shards, in their order.</summary>
    public IReadOnlyList<ShardChannel> Channels => _channels;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <summary>How many games a shard has, those that are about to start included.</summary>
    public int GamesOf(int shard) => _gamesByShard[shard - 1];

    /// <inheritdoc/>
    public SeatPair? Start(in GameStart start, Ticket ticket, TimeSpan now)
    {
        // The one with the fewest games, so that all have about as many.
        var fewest = 0;
        for (var i = 1; i < _gamesByShard.Length; i++)
        {
            if (_gamesByShard[i] < _gamesByShard[fewest])
                fewest = i;
        }

        _gamesByShard[fewest]++;
        Count++;
        Lobby.Find(start.First.PairingKey)!.GameShard = fewest + 1;
        Lobby.Find(start.Second.PairingKey)!.GameShard = fewest + 1;
        Ask(fewest + 1, ShardMessage.Start(start), new Question(ticket, Symbol.MapReady, start.First.PairingKey));
        return null;
    }

    /// <inheritdoc/>
    public bool TryHear(Player player, Symbol symbol, Ticket ticket, TimeSpan now)
    {
        Ask(player.GameShard, ShardMessage.About(ShardMessageKind.Hear, player.Key),
            new Question(ticket, symbol, player.Key));
        return false;
    }

    /// <inheritdoc/>
    public bool TryLeave(Player player, Ticket ticket, TimeSpan now)
    {
        Ask(player.GameShard, ShardMessage.About(ShardMessageKind.Leave, player.Key),
            new Question(ticket, Symbol.Unregister, player.Key));
        return false;
    }

    /// <summary>Applies a message of a shard.</summary>
    /// <exception cref="CorruptStateException">It is not a message to a lobby.</exception>
    public void Apply(ShardChannel channel, ReadOnlySpan<byte> message, TimeSpan now)
    {
        var from = new FieldReader(message);
        switch ((ShardMessageKind)from.Byte())
        {
            case ShardMessageKind.Seats: TakeSeats(channel.Peer, ref from, now); break;
            case ShardMessageKind.Heard: Answer(channel.Peer, from.Long(), from.Flag()); break;
            case ShardMessageKind.Retire: Lobby.Retire(from.Number()); break;
            case ShardMessageKind.Ended:
                _gamesByShard[channel.Peer - 1]--;
                Count--;
                break;
            case var other: throw new CorruptStateException($"message {other} to a lobby");
        }

        from.End();
    }

    /// <summary>Forgets what is to be answered.</summary>
    public void ForgetQuestions() => _asked.Clear();

    /// <summary>Sets how many games a shard has.</summary>
    public void RestoreGames(int shard, int games) => Count += _gamesByShard[shard - 1] = games;

    private void Ask(int shard, byte[] message, in Question question) =>
        _asked.Add((shard, _channels[shard - 1].Send(message)), question);

    private void TakeSeats(int shard, ref FieldReader from, TimeSpan now)
    {
        var number = from.Long();
        var (first, second) = (from.Number(), from.Number());
        var seats = new SeatPair(from.Number(), from.Number());
        _asked.Remove((shard, number), out var question);
        Lobby.TakeSeats(Lobby.Find(first), Lobby.Find(second), seats, question.Ticket, now);
    }

    private void Answer(int shard, long number, bool isValid)
    {
        if (!_asked.Remove((shard, number), out var question) || question.Ticket.Number == 0)
            return;
        if (question.Symbol == Symbol.Unregister && isValid)
            _responder.Send(question.Ticket, Reply.Ok(ReplyCode.UnregisterOk));
        else if (isValid && Lobby.Find(question.PairingKey) is { } player)
            Lobby.AnswerPlaying(player, question.Symbol, question.Ticket);
        // To be asked again: the registration has just ended, and with it what the token stood for.
        else if (question.Symbol == Symbol.Register)
            _responder.Send(question.Ticket, Reply.Refuse(ErrorCode.ServerBusy));
        else
            _responder.Send(question.Ticket, Reply.Refuse(ErrorCode.NotRegistered));
    }

    private readonly record struct Question(Ticket Ticket, Symbol Symbol, ulong PairingKey);
}
