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

    /// <summary>A name that no other player of the tests has.</summary>
    public static string NewName() => $"Player{Interlocked.Increment(ref _lastName)}";

    /// <summary>Plays up to the start of the game.</summary>
    /// <param name="url">The server, as the first player sees it.</param>
    /// <param name="a">The first player's options.</param>
    /// <param name="b">The second one's; null: the same.</param>
    /// <param name="urlB">The server, as the second player sees it; null: the same.</param>
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

    /// <summary>From the waiting line to the game.</summary>
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

    /// <summary>The next so many turns, fewer if the game ends before.</summary>
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
            Assert.Fail($"{turns.Count} of {count} turns came, the last one {turns.LastOrDefault()}.");
        }

        return turns;
    }

    /// <summary>What comes until the game ends.</summary>
    public static Task<List<string>> ReadToEndAsync(TurnGame game) => ReadAsync(game, int.MaxValue);

    /// <summary>Sends a turn, which must be taken.</summary>
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
