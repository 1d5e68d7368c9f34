using System.Text;
using TurnServer.Client;

namespace TurnServer.Tests.Support;

/// <summary>Two clients in a game with each other.</summary>
internal sealed class ClientPair : IAsyncDisposable
{
    private static int _lastName;

    private readonly HttpClient[] _https;

    private ClientPair(HttpClient[] https, TurnGame[] games)
    {
        _https = https;
        Games = games;
    }

    /// <summary>Both sides of the game.</summary>
    public TurnGame[] Games { get; }

    public TurnGame A => Games[0];

    public TurnGame B => Games[1];

    /// <summary>A player name that is unique in this test run.</summary>
    public static string NewName() => $"Player{Interlocked.Increment(ref _lastName)}";

    /// <summary>Registers, pairs and starts a game.</summary>
    /// <param name="url">The server's address for the first player.</param>
    /// <param name="a">The first player's options.</param>
    /// <param name="b">The second player's options; null: the same.</param>
    /// <param name="urlB">The server's address for the second player, such as a proxy; null: the same.</param>
    public static async Task<ClientPair> StartAsync(Uri url, TurnClientOptions a, TurnClientOptions? b = null,
        Uri? urlB = null)
    {
        var names = new[] { NewName(), NewName() };
        HttpClient[] https = [TurnClient.CreateHttp(), TurnClient.CreateHttp()];
        var clients = new[]
        {
            new TurnClient(https[0], url, a), new TurnClient(https[1], urlB ?? url, b ?? a),
        };
        for (var i = 0; i < 2; i++)
            Assert.That(await clients[i].RegisterAsync(names[i], names[1 - i]), Is.Null);
        var games = await Task.WhenAll(clients.Select(StartAsync)).WaitAsync(2 * TestWait.Timeout);
        return new ClientPair(https, games);
    }

    /// <summary>Takes a registered client into its game.</summary>
    public static async Task<TurnGame> StartAsync(TurnClient client)
    {
        var pairing = await client.PairAsync();
        Assert.That(pairing.Fault, Is.Null);
        Assert.That(await client.LoadAsync(), Is.Null);
        var game = await client.PlayAsync();
        Assert.That(game.Fault, Is.Null);
        return game.Value;
    }

    public static byte[] Bytes(string turn) => Encoding.UTF8.GetBytes(turn);

    /// <summary>The next turns; fewer than <paramref name="count"/> if the game ends first.</summary>
    public static async Task<List<string>> ReadAsync(TurnGame game, int count)
    {
        var turns = new List<string>();
        using var timeout = new CancellationTokenSource(2 * TestWait.Timeout);
        try
        {
            await foreach (var turn in game.ReceiveAsync(timeout.Token))
            {
                turns.Add(Encoding.UTF8.GetString(turn.Span));
                if (turns.Count == count)
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Received {turns.Count} of {count} turns, the last one {turns.LastOrDefault()}.");
        }

        return turns;
    }

    /// <summary>All turns until the game ends.</summary>
    public static Task<List<string>> ReadToEndAsync(TurnGame game) => ReadAsync(game, int.MaxValue);

    /// <summary>Sends a turn; asserts that the server accepts it.</summary>
    public static async Task SendAsync(TurnGame game, string turn) =>
        Assert.That(await game.SendAsync(Bytes(turn)).WaitAsync(2 * TestWait.Timeout), Is.Null);

    public async ValueTask DisposeAsync()
    {
        foreach (var game in Games)
            await game.DisposeAsync();
        foreach (var http in _https)
            http.Dispose();
    }
}
