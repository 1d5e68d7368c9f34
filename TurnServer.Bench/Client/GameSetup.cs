namespace TurnServer.Bench.Client;

/// <summary>A seat of a running game, as its client knows it.</summary>
/// <param name="Key">The seat key.</param>
/// <param name="Number">0 or 1.</param>
internal readonly record struct PlayedSeat(string Key, char Number)
{
    /// <summary>The two fields of an update.</summary>
    public override string ToString() => $"{Key},{Number}";
}

/// <summary>Starts and ends games on a server of this machine.</summary>
/// <remarks>Each call uses a new connection, as the server closes connections that are idle during a run.</remarks>
internal sealed class GameSetup(int port)
{
    private const int PerConnection = 32;

    private int _names;

    public int Port => port;

    /// <summary>Starts games; the two seats of each are neighbours in the list.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public List<PlayedSeat> Start(int count)
    {
        var numbers = Enumerable.Range(_names + 1, count).ToList();
        _names += count;
        var seats = new PlayedSeat[count * 2];
        AskAll(numbers, (connection, number) =>
        {
            var at = (number - numbers[0]) * 2;
            (seats[at], seats[at + 1]) = Start(connection, number);
        });
        return [.. seats];
    }

    /// <summary>Pairs two new players with names of this number and starts their game.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public static (PlayedSeat One, PlayedSeat Other) Start(BlockingConnection connection, int number)
    {
        var (a, b) = ($"a{number}", $"b{number}");
        var keyA = connection.Ask($"0,{a},*,{b}", "0/0/");
        var keyB = connection.Ask($"0,{b},*,{a}", "0/0/");
        connection.Ask($"2,*,{keyA},*", "0/3/");
        connection.Ask($"2,*,{keyB},*", "0/4/");
        connection.Ask($"3,*,{keyA},*", "0/5/");
        connection.Ask($"3,*,{keyB},*", "0/6/");
        connection.Ask($"4,*,{keyA},*", "0/7/");
        var other = SeatOf(connection.Ask($"4,*,{keyB},*", "0/8/"));
        return (SeatOf(connection.Ask($"4,*,{keyA},*", "0/8/")), other);
    }

    /// <summary>Checks that the server has each seat's last counter: sent again, it is redundant.</summary>
    /// <exception cref="BenchException">A counter did not advance.</exception>
    public void CheckCounters(IEnumerable<(PlayedSeat Seat, long LastCounter)> seats) => AskAll(seats,
        (connection, played) => connection.Ask($"6,,{played.Seat},{played.LastCounter}", "0/11/"));

    /// <summary>Quits games, so that they do not stay until their timeout.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public void Quit(IEnumerable<PlayedSeat> seats) =>
        AskAll(seats, (connection, seat) => connection.Ask($"5,*,{seat},*", "0/1/"));

    // With a few connections if there is much to ask: in a cluster an answer takes some milliseconds, and players who
    // wait for the last one to be ready must not be silent for as long as the game timeout.
    private void AskAll<T>(IEnumerable<T> all, Action<BlockingConnection, T> ask)
    {
        try
        {
            Parallel.ForEach(all.Chunk(PerConnection), some =>
            {
                using var connection = new BlockingConnection(port);
                foreach (var one in some)
                    ask(connection, one);
            });
        }
        catch (AggregateException e)
        {
            throw e.InnerExceptions[0];
        }
    }

    private static PlayedSeat SeatOf(string data)
    {
        var parts = data.Split('|');
        return new PlayedSeat(parts[0], parts[1][0]);
    }
}
