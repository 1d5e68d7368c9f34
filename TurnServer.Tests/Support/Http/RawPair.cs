namespace TurnServer.Tests.Support;

/// <summary>Two players in a game, each on its own raw connection.</summary>
internal sealed class RawPair : IAsyncDisposable
{
    private RawPair(RawHttp[] players, string[] keys, int[] seats)
    {
        Players = players;
        Keys = keys;
        Seats = seats;
    }

    /// <summary>The players' connections.</summary>
    public RawHttp[] Players { get; }

    /// <summary>Their seat keys.</summary>
    public string[] Keys { get; }

    /// <summary>Their seats, 0 and 1 in some order.</summary>
    public int[] Seats { get; }

    /// <summary>Registers two players who name each other, and starts their game.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="name">The first player's name.</param>
    /// <param name="partner">The second player's name; null: the first one's and "2".</param>
    /// <param name="pool">The pool of both; null: none.</param>
    public static async Task<RawPair> StartAsync(int port, string name, string? partner = null, string? pool = null)
    {
        var players = new[] { await RawHttp.ConnectAsync(port), await RawHttp.ConnectAsync(port) };
        var names = new[] { name, partner ?? name + "2" };
        var keys = new string[2];
        var key = pool is null ? "*" : $"*#{pool}";
        for (var i = 0; i < 2; i++)
            keys[i] = await players[i].RegisterAsync($"0,{names[i]},{key},{names[1 - i]},*");
        foreach (var symbol in new[] { "2", "3", "4" })
        {
            for (var i = 0; i < 2; i++)
                await players[i].PostAsync($"{symbol},*,{keys[i]},*,*");
        }

        // Both are ready now: ask again, as the first was told that its partner is loading.
        var starts = new string[2];
        for (var i = 0; i < 2; i++)
            starts[i] = (await players[i].PostAsync($"4,*,{keys[i]},*,*")).DataAfter("0/8/");
        return new RawPair(players, [.. starts.Select(start => start.Split('|')[0])],
            [.. starts.Select(start => start.EndsWith("|0", StringComparison.Ordinal) ? 0 : 1)]);
    }

    /// <summary>An update's body.</summary>
    public string Update(int player, int counter, string data) => $"6,{data},{Keys[player]},{Seats[player]},{counter}";

    public async ValueTask DisposeAsync()
    {
        foreach (var player in Players)
            await player.DisposeAsync();
    }
}
