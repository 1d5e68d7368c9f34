using TurnServer.Bench.Client;

namespace TurnServer.Bench.Restart;

/// <summary>
/// Games on a server that continue after its restart. The two seats of each take turns, so that every reply is known in
/// advance; any other reply or counter is an error.
/// </summary>
internal sealed class RunningGames(int port, int count) : IDisposable
{
    /// <summary>The length of each turn, in bytes.</summary>
    public const int TurnBytes = 32;

    // Concurrent requests, each with a connection and a thread. More would queue for the cores.
    private const int Workers = 8;

    private readonly BlockingConnection[] _connections =
        [.. Enumerable.Range(0, Workers).Select(_ => new BlockingConnection(port))];

    private readonly Game[] _games = new Game[count];
    private long _turnsPlayed;

    /// <summary>The number of turns played so far.</summary>
    public long TurnsPlayed => Volatile.Read(ref _turnsPlayed);

    /// <summary>The last update of the first game; repeating it always gets the same reply.</summary>
    public string LastUpdate => Update(0, 1, _games[0].Rounds - 1);

    /// <summary>Starts all games.</summary>
    /// <exception cref="BenchException">The server sent an unexpected reply.</exception>
    public Task FillAsync() => ForEachAsync(1, (connection, i) =>
    {
        var (one, other) = GameSetup.Start(connection, i);
        _games[i] = new Game(one, other, 0);
    });

    /// <summary>Plays one turn of each seat in every <paramref name="step"/>-th game.</summary>
    /// <exception cref="BenchException">A game is not in the state it was left in.</exception>
    public Task PlayAsync(int step) => ForEachAsync(step, (connection, i) =>
    {
        var rounds = _games[i].Rounds;
        Expect(connection, Update(i, 0, rounds), rounds == 0 ? "0/10/*" : $"0/9/{Turn(i, 1, rounds - 1)}");
        Expect(connection, Update(i, 1, rounds), $"0/9/{Turn(i, 0, rounds)}");
        _games[i].Rounds = rounds + 1;
        Interlocked.Add(ref _turnsPlayed, 2);
    });

    public void Dispose()
    {
        foreach (var connection in _connections)
            connection.Dispose();
    }

    private static string Turn(int game, int player, long number) =>
        $"turn {number} of {game}, player {player}".PadRight(TurnBytes, '.');

    private string Update(int game, int player, long number) =>
        $"6,{Turn(game, player, number)},{(player == 0 ? _games[game].SeatA : _games[game].SeatB)},{number}";

    private async Task ForEachAsync(int step, Action<BlockingConnection, int> act)
    {
        await Task.WhenAll(_connections.Select((connection, worker) => Task.Factory.StartNew(() =>
        {
            // The connection may be to a server that has ended.
            connection.Dispose();
            for (var i = worker * step; i < count; i += Workers * step)
                act(connection, i);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    private static void Expect(BlockingConnection connection, string body, string expected)
    {
        if (connection.Ask(body, expected).Length > 0)
            throw new BenchException($"the server answered more than {expected} to {body}");
    }

    private record struct Game(PlayedSeat SeatA, PlayedSeat SeatB, long Rounds);
}
