using System.Text.Json;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>What only a WebSocket does: one connection for all, pings, and the change to HTTP and back.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SocketGameTests() : ServerFixture("--ping-interval", "1")
{
    private readonly HttpClient _http = TurnClient.CreateHttp();

    [OneTimeTearDown]
    public void DisposeHttp() => _http.Dispose();

    [Test]
    public async Task A_game_goes_on_over_the_other_transport_when_it_is_resumed()
    {
        var options = new TurnClientOptions { SavesEachTurn = true };
        await using var pair = await ClientPair.StartAsync(Server.Url.Over(Transports.WebSocket), options,
            new TurnClientOptions(), Server.Url);
        var (game, read) = (pair.A, new List<string>());
        game.Saved(game.Save());
        for (var i = 0; i < 6; i++)
        {
            await pair.B.PostAsync(ClientPair.Bytes($"b{i}"));
            var stored = game.Save(ClientPair.Bytes($"a{i}"));
            Assert.That(SchemeOf(stored), Is.EqualTo(i % 2 == 0 ? Transports.WebSocket : Transports.Http));
            // Killed before the turn is sent, in a request that may be held.
            await game.DisposeAsync();
            game = (await TurnGame.ResumeAsync(_http, Change(stored), options)).Value;
            var turn = await ClientPair.ReadAsync(game, 1);
            read.AddRange(turn);
            game.Saved(game.Save());
        }

        Assert.That(await game.QuitAsync(), Is.Null);
        Assert.That(read, Is.EqualTo(Enumerable.Range(0, 6).Select(i => $"b{i}")));
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.EqualTo(Enumerable.Range(0, 6).Select(i => $"a{i}")));
        await game.DisposeAsync();
    }

    [Test]
    public async Task A_player_and_its_game_share_a_connection()
    {
        await using var proxy = new LossyProxy(Server.Port, 0, 1);
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(Transports.WebSocket), new(),
            urlB: Server.Url);
        var read = ClientPair.ReadAsync(pair.A, 20);
        for (var i = 0; i < 20; i++)
        {
            await ClientPair.SendAsync(pair.B, $"{i}");
            // Each is sent while a reply is held.
            await ClientPair.SendAsync(pair.A, $"{i}");
        }

        Assert.That(await read, Has.Count.EqualTo(20));
        Assert.That(proxy.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task The_waiting_players_are_counted_over_HTTP()
    {
        var client = new TurnClient(_http, Server.Url.Over(Transports.WebSocket));
        Assert.That((await client.GetWaitingAsync("nobody's")).Value, Is.EqualTo(new WaitingPlayers(0, TimeSpan.Zero)));
    }

    [Test, Category("Slow")]
    public async Task The_pings_of_the_server_are_answered_while_a_reply_is_held()
    {
        var log = new AttemptLog();
        await using var pair = await ClientPair.StartAsync(Server.Url.Over(Transports.WebSocket),
            new() { Observer = log.Note }, new());
        var read = ClientPair.ReadAsync(pair.A, 1);
        // Without an answer the server closes a connection after 3 s.
        await Task.Delay(TimeSpan.FromSeconds(10));
        await ClientPair.SendAsync(pair.B, "at last");
        Assert.That(await read, Is.EqualTo(new[] { "at last" }));
        // One, if the machine stalls.
        Assert.That(log.Attempts.Count(attempt => attempt.Loss is not null), Is.LessThan(3));
    }

    [Test]
    public async Task Another_path_is_no_WebSocket()
    {
        var url = new Uri(Server.Url.Over(Transports.WebSocket), "/other");
        var fault = await new TurnClient(_http, url).RegisterAsync("Ann");
        Assert.That((fault!.Kind, fault.Error), Is.EqualTo((TurnFaultKind.NotTurnServer, ErrorCode.None)));
        Assert.That(fault.Meaning, Does.Contain("404 Not Found"));
    }

    private static string SchemeOf(string saved)
    {
        using var json = JsonDocument.Parse(saved);
        return new Uri(json.RootElement.GetProperty("url").GetString()!).Scheme;
    }

    private static string Change(string saved) => SchemeOf(saved) == Transports.Http
        ? saved.Replace("\"http://", "\"ws://", StringComparison.Ordinal)
        : saved.Replace("\"ws://", "\"http://", StringComparison.Ordinal);
}
