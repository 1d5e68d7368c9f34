using Microsoft.Playwright;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>Pages of another origin play in a real browser, with the client that Client/web/README.md shows.</summary>
[Category("Slow")]
[Category("Process")]
internal sealed class WebPageTests : WebFixture
{
    private const int Turns = 20;

    // Answers each turn with the next number; the player who receives the last one quits.
    private const string PassOn = """
        async ({ url, name, wanted, last }) => {
            const game = await play(url, name, wanted), got = [];
            if (game.seat === 0) await game.send("1");
            for await (const turn of game.turns()) {
                got.push(turn);
                if (Number(turn) < last) await game.send(`${Number(turn) + 1}`);
                else await game.quit();
            }
            return [game.partner, got.join(), game.ended];
        }
        """;

    // Sends all turns at once; ends when all turns of the partner have arrived and its own are accepted.
    private const string Flood = """
        async ({ url, name, wanted, last }) => {
            const game = await play(url, name, wanted), got = [];
            const sent = (async () => { for (let i = 1; i <= last; i++) await game.send(`${name} ${i} €`); })();
            for await (const turn of game.turns()) if (got.push(turn) === last) break;
            await sent;
            return [game.partner, got.join(), null];
        }
        """;

    [Test]
    public async Task Two_pages_are_paired_and_exchange_turns_by_held_replies()
    {
        var pages = new[] { await Stage.OpenAsync(), await Stage.OpenAsync() };
        var names = new[] { ClientPair.NewName(), ClientPair.NewName() };
        var outcomes = await PlayAsync(pages, names, PassOn, Turns, Stage.Server.Url);
        var odd = string.Join(',', Enumerable.Range(1, Turns).Where(turn => turn % 2 == 1));
        var even = string.Join(',', Enumerable.Range(1, Turns).Where(turn => turn % 2 == 0));
        Assert.Multiple(() =>
        {
            Assert.That(outcomes.Select(outcome => outcome[0]), Is.EqualTo(names.Reverse()), "partners");
            Assert.That(outcomes.Select(outcome => outcome[1]), Is.EquivalentTo(new[] { odd, even }));
            Assert.That(outcomes.Select(outcome => outcome[2]), Is.EquivalentTo(new[] { "0/1/*", "15/5/*" }));
        });
    }

    [Test]
    public async Task Turns_arrive_once_and_in_order_although_every_fifth_reply_is_lost()
    {
        var pages = new[] { await Stage.OpenAsync(), await Stage.OpenAsync() };
        var asked = 0;
        foreach (var page in pages)
        {
            await page.RouteAsync(Stage.Server.Url + "**", async route =>
            {
                if (Interlocked.Increment(ref asked) % 5 != 0)
                {
                    await route.ContinueAsync();
                    return;
                }

                // The server has answered, but the page never gets the reply.
                await route.FetchAsync();
                await route.AbortAsync();
            });
        }

        var names = new[] { ClientPair.NewName(), ClientPair.NewName() };
        var outcomes = await PlayAsync(pages, names, Flood, Turns, Stage.Server.Url);
        for (var i = 0; i < 2; i++)
        {
            var all = string.Join(',', Enumerable.Range(1, Turns).Select(turn => $"{names[1 - i]} {turn} €"));
            Assert.That(outcomes[i][1], Is.EqualTo(all));
        }
    }

    [Test]
    public async Task Documented_page_plays_as_it_stands()
    {
        var documentation = Repository.Read("TurnServer/Client/web/README.md");
        var start = documentation.IndexOf("    <script type=\"module\">", StringComparison.Ordinal);
        var end = documentation.IndexOf("</script>", start, StringComparison.Ordinal) + "</script>".Length;
        var script = documentation[start..end];
        var page = await Stage.Browser.OpenAsync(Stage.Site.Url);
        var lines = new List<string>();
        page.Console += (_, message) =>
        {
            lock (lines)
                lines.Add(message.Text);
        };
        await page.SetContentAsync("<base href=\"" + Stage.Site.Url + "\">"
            + script.Replace("http://localhost:8080/", Url, StringComparison.Ordinal));
        var partner = await Stage.OpenAsync();
        var got = await partner.EvaluateAsync<string>("""
            async url => {
                const game = await play(url, "Bob"), got = [];
                if (game.seat === 0) await game.send("d2-d4");
                for await (const turn of game.turns()) if (got.push(turn) === 2) await game.quit();
                else await game.send("d7-d5");
                return got.join();
            }
            """, Url);
        Assert.That(got, Is.EqualTo("e2-e4,e7-e5").Or.EqualTo("e7-e5,e7-e5"));
        await TestWait.UntilAsync(() => Logged("15/5/*"), "the page shows that the partner has quit");
        Assert.That(Logged("Bob: d7-d5"), Is.True);

        bool Logged(string line)
        {
            lock (lines)
                return lines.Contains(line);
        }
    }

    [Test]
    public async Task Only_a_page_of_an_allowed_origin_gets_replies()
    {
        using var other = new PageServer();
        await using var server = await ServerChild.StartAsync("--cors-origin", other.Origin);
        const string Register = """
            url => fetch(url, { method: "POST", headers: { "Content-Type": "text/plain", "Prefer": "wait=1" },
                                body: "0,Ann,*,Nobody,*" })
                .then(reply => reply.text()).catch(error => error.name)
            """;
        var refused = await Stage.Browser.OpenAsync(Stage.Site.Url);
        Assert.That(await refused.EvaluateAsync<string>(Register, server.Url.ToString()), Is.EqualTo("TypeError"));
        var allowed = await Stage.Browser.OpenAsync(other.Url);
        Assert.That(await allowed.EvaluateAsync<string>(Register, server.Url.ToString()), Does.StartWith("0/0/"));
        Assert.That(Stage.Browser.Errors, Has.Some.Contains("blocked by CORS policy"));
    }

    private static async Task<string[][]> PlayAsync(IPage[] pages, string[] names, string script, int last, Uri url)
    {
        return await Task.WhenAll(Enumerable.Range(0, 2).Select(i => WebStage.RunAsync(pages[i], script,
            new { url = url.ToString(), name = names[i], wanted = names[1 - i], last })));
    }
}
