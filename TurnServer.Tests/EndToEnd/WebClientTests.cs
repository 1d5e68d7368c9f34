using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The web client: valid and invalid turns, limits, and browsers without newer features.</summary>
[Category("Slow")]
internal sealed class WebClientTests : WebFixture
{
    private const int TurnBytesMax = TurnServer.Client.TurnGame.TurnBytesMax;

    // Removes what browsers of the client's language level (ES2018) lack, before the page's scripts run.
    private const string OldBrowser = """
        for (const [owner, names] of [[AbortSignal, "any timeout abort"],
            [AbortSignal.prototype, "throwIfAborted reason"], [crypto.constructor.prototype, "randomUUID"],
            [Array.prototype, "at findLast findLastIndex flat flatMap toSorted"],
            [Object, "hasOwn fromEntries groupBy"], [Promise, "withResolvers any allSettled try"],
            [String.prototype, "replaceAll at matchAll isWellFormed toWellFormed trimStart trimEnd"],
            [window, "structuredClone queueMicrotask BroadcastChannel"]])
            for (const name of names.split(" ")) delete owner[name];

        """;

    // Storage that throws on access, as in a sandboxed frame.
    private const string NoStorage = """
        Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("no", "SecurityError"); } });

        """;

    private const string SendAll = """
        async ({ url, names, turns }) => {
            const [ann, bob] = await Promise.all([play(url, names[0], names[1]), play(url, names[1], names[0])]);
            const outcomes = await Promise.all(turns.map(turn => ann.send(turn).then(() => "accepted",
                error => `${error.name} ${error.reply || ""}`.trim())));
            const got = [], count = outcomes.filter(outcome => outcome === "accepted").length;
            const back = bob.send("back");
            for await (const turn of bob.turns()) if (got.push(turn) === count) break;
            await back;
            for await (const turn of ann.turns()) { got.push(turn); break; }
            const silent = [ann.partnerSilent, bob.partnerSilent].map(Number.isInteger);
            const ended = [ann.ended, bob.ended, ...silent];
            await Promise.all([ann.quit(), bob.quit()]);
            return [JSON.stringify(outcomes), JSON.stringify(got), JSON.stringify(ended)];
        }
        """;

    private const string Playing = """[null,null,true,true]""";

    [Test]
    public async Task An_invalid_turn_is_refused_before_it_is_sent_and_the_others_arrive()
    {
        var most = new string('x', TurnBytesMax);
        var emoji = string.Concat(Enumerable.Repeat("🎲", TurnBytesMax / 4));
        object?[] turns =
        [
            "first", new string('x', 16_384), string.Concat(Enumerable.Repeat("🎲", 6000)), most + "x", emoji + "!",
            new string('€', 6000), new string('x', 1_000_000), "", "a|b", "|", 7, null, "last",
        ];
        var outcome = await SendAsync(await Stage.OpenAsync(), turns);
        Assert.That(outcome[0], Is.EqualTo(Json(["accepted", .. Enumerable.Repeat("RangeError", 9), "TypeError",
            "TypeError", "accepted"])));
        Assert.That(outcome[1..], Is.EqualTo(new[] { Json("first", "last", "back"), Playing }));
        outcome = await SendAsync(await Stage.OpenAsync(), [most, emoji]);
        Assert.That(outcome[0], Is.EqualTo(Json("accepted", "accepted")));
        Assert.That(outcome[1], Has.Length.EqualTo(Json(most, emoji, "back").Length));
    }

    [Test]
    public async Task Any_other_text_arrives_unchanged()
    {
        string[] turns =
            ["*", "a,b", "0/9/x", "\n", "a\r\nb", "\0", "\t", " ", "\uFEFFx", "é", "e\u0301", "\u2028", "🎲"];
        var page = await Stage.OpenAsync();
        var outcome = await WebStage.RunAsync(page, SendAll.Replace("JSON.stringify(got)",
            "got.map(turn => [...turn].map(c => c.codePointAt(0).toString(16)).join()).join(' ')"), Arguments(turns));
        Assert.That(outcome[1], Is.EqualTo(string.Join(' ', turns.Append("back").Select(turn =>
            string.Join(',', turn.EnumerateRunes().Select(rune => rune.Value.ToString("x")))))));
    }

    [Test]
    public async Task Half_a_surrogate_pair_is_refused()
    {
        var script = SendAll.Replace("turns.map", "['\\uD83C', 'a\\uDFB2b', '\\uDFB2\\uD83C', 'ok'].map");
        var outcome = await WebStage.RunAsync(await Stage.OpenAsync(), script, Arguments([]));
        Assert.That(outcome[0], Is.EqualTo(Json("RangeError", "RangeError", "RangeError", "accepted")));
    }

    [TestCase("new Response('20/*/*', { status: 400 })",
        TestName = "A_server_with_a_lower_limit_refuses_that_turn_only")]
    [TestCase("new Response('<html>too large', { status: 413 })",
        TestName = "A_proxy_with_a_lower_limit_refuses_that_turn_only")]
    public async Task A_lower_limit(string reply)
    {
        var page = await Stage.OpenAsync($$"""
            const real = window.fetch.bind(window);
            window.fetch = async (url, request) => request.body.length > 8000 ? {{reply}} : real(url, request);
            """);
        var outcome = await SendAsync(page, ["a", new string('x', 9000), "b", new string('y', TurnBytesMax), "c"]);
        Assert.That(outcome[0],
            Is.EqualTo(Json("accepted", "TurnError 20/*/*", "accepted", "TurnError 20/*/*", "accepted")));
        Assert.That(outcome[1..], Is.EqualTo(new[] { Json("a", "b", "c", "back"), Playing }));
    }

    [TestCase(OldBrowser, TestName = "It_plays_without_features_newer_than_ES2018")]
    [TestCase(NoStorage, TestName = "It_plays_where_storage_throws")]
    [TestCase(OldBrowser + NoStorage, TestName = "It_plays_without_both")]
    public async Task It_plays_without(string before)
    {
        var page = await Stage.OpenAsync(before);
        var turns = Enumerable.Range(0, 30).Select(i => (object)$"{i}").ToArray();
        var outcome = await SendAsync(page, turns);
        Assert.That(outcome[1], Is.EqualTo(Json([.. turns.Select(turn => $"{turn}"), "back"])));
        Assert.That(outcome[2], Is.EqualTo(Playing));
    }

    private Task<string[]> SendAsync(Microsoft.Playwright.IPage page, object?[] turns) =>
        WebStage.RunAsync(page, SendAll, Arguments(turns));

    private object Arguments(object?[] turns) => new
    {
        url = Url,
        names = new[] { ClientPair.NewName(), ClientPair.NewName() },
        turns,
    };

    private static string Json(params string[] texts) =>
        "[" + string.Join(',', texts.Select(text => $"\"{text}\"")) + "]";
}
