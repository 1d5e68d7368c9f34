using System.Text;
using TurnServer.Bench.Compare;

namespace TurnServer.Bench.Restart;

/// <summary>
/// Games that are under way on a server, and go on when it has been away. In each the two seats take turns, so that
/// every reply is known in advance: another one, or a counter that is not the next, is a fault.
/// </summary>
internal sealed class RunningGames(int port, int count) : IDisposable
{
    /// <summary>How long each turn is.</summary>
    public const int TurnBytes = 32;

    // Requests on their way at once, each on a connection and a thread of its own. More would queue for the cores.
    private const int Workers = 8;

    private readonly DriverConnection[] _connections =
        [.. Enumerable.Range(0, Workers).Select(_ => new DriverConnection(port))];

    private readonly Game[] _games = new Game[count];
    private long _turnsPlayed;

    /// <summary>How many turns have been played in all.</summary>
    public long TurnsPlayed => Volatile.Read(ref _turnsPlayed);

    /// <summary>What was last said in a game; it may be said again at any time, and is answered the same.</summary>
    public string LastUpdate => Update(0, 1, _games[0].Rounds - 1);

    /// <summary>Starts them all.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public Task FillAsync() => ForEachAsync(1, (connection, i) =>
    {
        var (a, b) = ($"a{i}", $"b{i}");
        var keyA = Ask(connection, $"0,{a},*,{b}", "0/0/");
        var keyB = Ask(connection, $"0,{b},*,{a}", "0/0/");
        Ask(connection, $"2,*,{keyA},*", "0/3/");
        Ask(connection, $"2,*,{keyB},*", "0/4/");
        Ask(connection, $"3,*,{keyA},*", "0/5/");
        Ask(connection, $"3,*,{keyB},*", "0/6/");
        Ask(connection, $"4,*,{keyA},*", "0/7/");
        var seatB = Ask(connection, $"4,*,{keyB},*", "0/8/").Split('|');
        var seatA = Ask(connection, $"4,*,{keyA},*", "0/8/").Split('|');
        _games[i] = new Game($"{seatA[0]},{seatA[1]}", $"{seatB[0]},{seatB[1]}", 0);
    });

    /// <summary>Plays a turn of either seat, with its next counter, in every so many-th game.</summary>
    /// <exception cref="BenchException">A game is not as it was left.</exception>
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

    private async Task ForEachAsync(int step, Action<DriverConnection, int> act)
    {
        await Task.WhenAll(_connections.Select((connection, worker) => Task.Factory.StartNew(() =>
        {
            // The server that it was of may be gone.
            connection.Dispose();
            for (var i = worker * step; i < count; i += Workers * step)
                act(connection, i);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    private static string Ask(DriverConnection connection, string body, string expected)
    {
        connection.Send(Encoding.ASCII.GetBytes(body), 0);
        var reply = Encoding.ASCII.GetString(connection.Read().Body);
        return reply.StartsWith(expected, StringComparison.Ordinal)
            ? reply[expected.Length..]
            : throw new BenchException($"the server answered {reply}, not {expected}, to {body}");
    }

    private static void Expect(DriverConnection connection, string body, string expected)
    {
        if (Ask(connection, body, expected).Length > 0)
            throw new BenchException($"the server answered more than {expected} to {body}");
    }

    private record struct Game(string SeatA, string SeatB, long Rounds);
}
