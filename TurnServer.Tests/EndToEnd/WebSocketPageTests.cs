using System.Collections.Concurrent;
using System.Text;
using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A page plays over a WebSocket in a real browser, through an outage and a reload.</summary>
[Category("Slow")]
internal sealed class WebSocketPageTests : WebFixture
{
    private const int Turns = 10;

    // Begins a game or comes back to it, and answers each turn with the next until it has so many.
    private const string PlayOn = """
        async ({ url, names, last }) => {
            const options = { savesEachTurn: true }, stored = JSON.parse(localStorage.getItem("game"));
            const game = stored ? await resume(stored.text, options) : await play(url, ...names, options);
            const got = stored ? stored.got : [];
            const store = next => {
                const text = game.save(next);
                localStorage.setItem("game", JSON.stringify({ text, got }));
                game.saved(text);
            };
            const send = turn => {
                store(turn);
                return game.send(turn);
            };
            await send(`a${got.length}`);
            for await (const turn of game.turns()) {
                got.push(turn);
                if (got.length === last) {
                    store();
                    return [got.join(), game.partner, new URL(game.url).protocol];
                }
                await send(`a${got.length}`);
            }
            return [`ended: ${game.ended}`];
        }
        """;

    [Test]
    public async Task A_game_survives_an_outage_and_a_reload()
    {
        var page = await Stage.OpenAsync();
        var sockets = new ConcurrentQueue<string>();
        page.WebSocket += (_, socket) => sockets.Enqueue(socket.Url);
        await using var proxy = new FaultyProxy(Stage.Server.Port);
        var url = proxy.Url.Over(Transports.WebSocket).ToString();
        string[] names = [ClientPair.NewName(), ClientPair.NewName()];
        using var http = TurnClient.CreateHttp();
        var bob = new TurnClient(http, Stage.Server.Url);
        Assert.That(await bob.RegisterAsync(names[1], names[0]), Is.Null);
        var playing = WebStage.RunAsync(page, PlayOn, new { url, names, last = Turns / 2 });
        await using var game = await ClientPair.StartAsync(bob);
        var answering = AnswerAsync(game, proxy);

        Assert.That(await playing, Is.EqualTo(new[] { "b0,b1,b2,b3,b4", names[1], "ws:" }));
        var before = sockets.Count;
        await WebStage.ReloadAsync(page);
        var outcome = await WebStage.RunAsync(page, PlayOn, new { url, names, last = Turns });
        Assert.That(outcome[0], Is.EqualTo(string.Join(',', Enumerable.Range(0, Turns).Select(i => $"b{i}"))));
        Assert.That(await answering.WaitAsync(TestWait.Timeout),
            Is.EqualTo(Enumerable.Range(0, Turns).Select(i => $"a{i}")));
        Assert.That(before, Is.GreaterThan(1), "one more after the outage");
        Assert.That(sockets, Has.Count.GreaterThan(before).And.All.EqualTo(url));
        Assert.That(proxy.Requests.Count(request => request.MayBeHeld), Is.GreaterThan(0));
    }

    // Bob answers each turn with his next; one of them while the page cannot reach the server.
    private static async Task<List<string>> AnswerAsync(TurnGame game, FaultyProxy proxy)
    {
        var got = new List<string>();
        await foreach (var turn in game.ReceiveAsync())
        {
            var isOutage = got.Count == 2;
            if (isOutage)
                proxy.TakeDown();
            await ClientPair.SendAsync(game, $"b{got.Count}");
            got.Add(Encoding.UTF8.GetString(turn.Span));
            if (isOutage)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
                proxy.BringUp();
            }

            if (got.Count == Turns)
                break;
        }

        return got;
    }
}
