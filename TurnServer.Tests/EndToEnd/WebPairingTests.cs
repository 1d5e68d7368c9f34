using System.Collections.Concurrent;
using Microsoft.Playwright;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>Pairing of web pages: server addresses, names, and the place in the queue.</summary>
[Category("Slow")]
internal sealed class WebPairingTests() : WebFixture("--pairing-timeout", "120")
{
    private const string Start = "({ url, name, wanted }) => { window.outcome = play(url, name, wanted); }";

    private const string Finish = """
        async () => {
            const game = await outcome, stored = sessionStorage.length;
            await game.quit();
            return [game.partner, String(stored)];
        }
        """;

    [Test]
    public async Task A_page_that_is_reloaded_while_it_waits_keeps_its_place()
    {
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        var page = await Stage.OpenAsync();
        var keys = Keys(page);
        await page.EvaluateAsync(Start, new { url = Url, name = ann, wanted = bob });
        await TestWait.UntilAsync(() => keys.Count == 1, "Ann is registered");
        await WebStage.ReloadAsync(page);
        await page.EvaluateAsync(Start, new { url = Url, name = ann, wanted = bob });
        await TestWait.UntilAsync(() => keys.Count == 2, "Ann is registered again");
        var partner = await Stage.OpenAsync();
        await partner.EvaluateAsync(Start, new { url = Url, name = bob, wanted = ann });
        var outcomes = await Task.WhenAll(WebStage.RunAsync(page, Finish, ""), WebStage.RunAsync(partner, Finish, ""));
        Assert.That(keys.Distinct().ToList(), Has.Count.EqualTo(1));
        Assert.That(outcomes, Is.EqualTo(new[] { new[] { bob, "0" }, [ann, "0"] }), "nothing is stored after a game");
    }

    [Test]
    public async Task Players_of_the_same_name_in_one_browser_have_separate_places()
    {
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        var page = await Stage.OpenAsync();
        var keys = Keys(page);
        await page.EvaluateAsync(Start, new { url = Url, name = ann, wanted = bob });
        await page.EvaluateAsync(Start, new { url = Url, name = ann, wanted = bob });
        await TestWait.UntilAsync(() => keys.Count == 2, "both players of the page are registered");
        // A duplicated tab has a copy of the session storage.
        var copy = await page.RunAndWaitForPopupAsync(() => page.EvaluateAsync("() => { window.open(location); }"));
        await copy.WaitForFunctionAsync("() => window.play");
        Assert.That(await copy.EvaluateAsync<int>("() => sessionStorage.length"), Is.EqualTo(1));
        var keysOfCopy = Keys(copy);
        await copy.EvaluateAsync(Start, new { url = Url, name = ann, wanted = bob });
        await TestWait.UntilAsync(() => keysOfCopy.Count == 1, "the copy is registered");
        Assert.That(keys.Concat(keysOfCopy).Distinct().ToList(), Has.Count.EqualTo(3));
    }

    [Test]
    public async Task A_token_of_an_expired_registration_does_no_harm()
    {
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        var page = await Stage.OpenAsync();
        var keys = Keys(page);
        await page.EvaluateAsync(Start, new { url = Url, name = ann, wanted = bob });
        await TestWait.UntilAsync(() => keys.Count == 1, "Ann is registered");
        await page.GotoAsync("about:blank");
        await PostAsync($"1,*,{keys.Single()},*,*");
        await page.GotoAsync(Stage.Site.Url.ToString());
        await page.WaitForFunctionAsync("() => window.play");
        Assert.That(await page.EvaluateAsync<int>("() => sessionStorage.length"), Is.EqualTo(1));
        await page.EvaluateAsync(Start, new { url = Url, name = ann, wanted = bob });
        var partner = await Stage.OpenAsync();
        await partner.EvaluateAsync(Start, new { url = Url, name = bob, wanted = ann });
        var outcomes = await Task.WhenAll(WebStage.RunAsync(page, Finish, ""), WebStage.RunAsync(partner, Finish, ""));
        Assert.That(outcomes.Select(outcome => outcome[0]), Is.EqualTo(new[] { bob, ann }));
    }

    [Test]
    public async Task A_player_that_stops_waiting_leaves_the_queue()
    {
        var page = await Stage.OpenAsync();
        var keys = Keys(page);
        await page.EvaluateAsync("""
            ({ url, name }) => {
                window.stop = new AbortController();
                window.outcome = play(url, name, "Nobody", { signal: stop.signal }).catch(error => error.name);
            }
            """, new { url = Url, name = ClientPair.NewName() });
        await TestWait.UntilAsync(() => keys.Count == 1, "Ann is registered");
        Assert.That(await page.EvaluateAsync<string>("() => { stop.abort(); return outcome; }"),
            Is.EqualTo("AbortError"));
        Assert.That(await page.EvaluateAsync<int>("() => sessionStorage.length"), Is.Zero);
        for (var reply = ""; reply != "5/*/*";)
            reply = await PostAsync($"3,*,{keys.Single()},*,*");
    }

    [Test]
    public async Task Different_spellings_of_a_name_in_Unicode_are_the_same_name()
    {
        var number = ClientPair.NewName();
        var pages = new[] { await Stage.OpenAsync(), await Stage.OpenAsync() };
        await pages[0].EvaluateAsync(Start,
            new { url = Url, name = $" Jose\u0301 {number}", wanted = $"Zoë {number}\n" });
        await pages[1].EvaluateAsync(Start,
            new { url = Url, name = $"Zoe\u0308 {number}", wanted = $"José {number} " });
        var outcomes = await Task.WhenAll(pages.Select(page => WebStage.RunAsync(page, Finish, "")));
        Assert.That(outcomes.Select(outcome => outcome[0]), Is.EqualTo(new[] { $"Zoë {number}", $"José {number}" }));
    }

    [TestCase("\"\"", "RangeError")]
    [TestCase("\" \\n\"", "RangeError")]
    [TestCase("\"a,b\"", "RangeError")]
    [TestCase("\"a\\u0000b\"", "RangeError")]
    [TestCase("\"\\uD800\"", "RangeError")]
    [TestCase("\"🎲\".repeat(65)", "RangeError")]
    [TestCase("undefined", "TypeError")]
    public async Task An_invalid_name_is_refused(string name, string error)
    {
        var page = await Stage.OpenAsync();
        var names = await WebStage.RunAsync(page, $$"""
            async url => [await play(url, {{name}}).catch(error => error.name),
                await play(url, "Ann", {{name}} === undefined ? 7 : {{name}}).catch(error => error.name)]
            """, Url);
        Assert.That(names, Has.All.EqualTo(error));
    }

    [TestCase("http://ann:S3cret@localhost:8080/", "user name or password")]
    [TestCase("https://S3cret@localhost:8080/", "user name or password")]
    [TestCase("HTTP://:S3cret@localhost:8080/", "user name or password")]
    [TestCase("http://ann:S3cret@", "URL is invalid")]
    [TestCase("ftp://ann:S3cret@localhost/", "user name or password")]
    [TestCase("ftp://localhost/", "http://, https://, ws:// or wss://")]
    [TestCase("localhost:8080", "http://, https://, ws:// or wss://")]
    [TestCase("http://", "URL is invalid")]
    [TestCase("http://local host/", "URL is invalid")]
    public async Task An_invalid_address_is_refused(string url, string why)
    {
        var outcome = await WebStage.RunAsync(await Stage.OpenAsync(),
            "async url => play(url, 'Ann').catch(error => [error.name, `${error.message} ${error.stack}`])", url);
        Assert.That(outcome[0], Is.EqualTo("TypeError"));
        Assert.That(outcome[1], Does.Contain(why).And.Not.Contain("S3cret"));
    }

    // The keys that a page's registrations return.
    private static ConcurrentBag<string> Keys(IPage page)
    {
        var keys = new ConcurrentBag<string>();
        page.Response += async (_, response) =>
        {
            if (response.Request.PostData?.StartsWith("0,", StringComparison.Ordinal) == true)
                keys.Add((await response.TextAsync())[4..]);
        };
        return keys;
    }

    private async Task<string> PostAsync(string body)
    {
        using var http = new HttpClient();
        using var reply = await http.PostAsync(Stage.Server.Url, new StringContent(body));
        return await reply.Content.ReadAsStringAsync();
    }
}
