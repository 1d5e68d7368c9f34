using Microsoft.Playwright;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Demo;

/// <summary>Two people play the demo through its page, in a real browser.</summary>
[Category("Slow")]
// Replies are held for a second, so that the partner's silence is soon known; no pause of the machine ends a game.
internal sealed class DemoGameTests() : ServerFixture("--demo", "--host", "127.0.0.1", "--max-wait", "1",
    "--pairing-timeout", "300", "--load-timeout", "300", "--game-timeout", "600")
{
    private Browser _browser = null!;

    private Uri Url => new(Server.Url, "demo");

    [OneTimeSetUp]
    public async Task StartBrowser() => _browser = await Browser.StartAsync();

    [OneTimeTearDown]
    public async Task StopBrowser() => await (_browser?.DisposeAsync() ?? default);

    [Test]
    public async Task Friends_play_through_an_outage_and_a_reload_and_then_again()
    {
        var (ann, bob) = await MeetByLinkAsync();
        var (first, second, other) = await ann.HasHeadingAsync("You begin") ? (ann, bob, "Bob") : (bob, ann, "Ann");
        var own = other == "Bob" ? "Ann" : "Bob";
        await second.SeeHeadingAsync($"{own}’s turn");
        await second.TypeAsync("early");
        await second.SeeAsync("fault", $"It is {own}’s turn.");
        await first.TypeAsync("Apple");
        await second.SeeHeadingAsync("Your turn: begin with E");
        await second.SeeAsync("news", $"{own} played apple. Your turn: begin with E.");
        await second.TypeAsync("pear");
        await second.SeeAsync("fault", "“pear” is not allowed: it must begin with E.");

        await first.Page.Context.SetOfflineAsync(true);
        await first.SeeAsync("connection", "Reconnecting…");
        await second.SeeAsync("partner", "reconnecting…");
        await second.FitsAsync();
        await second.TypeAsync("eagle");
        await second.SeeHeadingAsync($"{own}’s turn");
        await first.Page.Context.SetOfflineAsync(false);
        await first.SeeHeadingAsync("Your turn: begin with E");

        await first.Page.ReloadAsync();
        await first.SeeHeadingAsync("Your turn: begin with E");
        await first.SeeWordsAsync("You: apple", $"{other}: eagle");
        await first.TypeAsync("École");
        await second.SeeWordsAsync($"{own}: apple", "You: eagle", $"{own}: école");
        await second.FitsAsync();

        await second.PressAsync("Give up");
        await second.PressAsync("Give up");
        await second.SeeHeadingAsync($"{own} wins");
        await first.SeeHeadingAsync("You win!");
        await first.SeeAsync("turn-text", $"{other} gave up after 3 words.");
        Assert.That(await FocusOfAsync(first), Is.EqualTo("turn"));
        await first.FitsAsync();

        await second.PressAsync("Play again");
        await first.SeeAsync("turn-text", $"{other} wants to play again.");
        await first.PressAsync("Play again");
        await Task.WhenAll(first.SeeAsync("count", "No words yet"), second.SeeAsync("count", "No words yet"));
        Assert.That(new[] { await first.HasHeadingAsync("You begin"), await second.HasHeadingAsync("You begin") },
            Is.EquivalentTo(new[] { true, false }));
        var leaver = await first.HasHeadingAsync("You begin") ? second : first;
        await leaver.PressAsync("Leave");
        await leaver.PressAsync("Leave");
        await leaver.SeeButtonAsync("Play with your friend");
        await (leaver == first ? second : first).SeeHeadingAsync("The game is over");
    }

    [Test]
    public async Task A_stranger_is_not_paired_with_a_player_who_waits_for_a_friend()
    {
        var (ann, link) = await InviteAsync();
        var (stranger, other) = (await OpenAsync(Url), await OpenAsync(Url));
        await stranger.JoinAsync("Cleo", "Play with anyone");
        await stranger.SeeHeadingAsync("Looking for a partner…");
        await stranger.Page.ReloadAsync();
        await stranger.SeeHeadingAsync("Looking for a partner…");
        await other.JoinAsync("Dan", "Play with anyone");
        await Task.WhenAll(stranger.SeeAsync("partner", "Dan"), other.SeeAsync("partner", "Cleo"));
        await ann.SeeHeadingAsync("Waiting for your friend…");
        var bob = await OpenAsync(link);
        await bob.JoinAsync("Bob", "Play with your friend");
        await Task.WhenAll(ann.SeeAsync("partner", "Bob"), bob.SeeAsync("partner", "Ann"));
    }

    [Test]
    public async Task A_turn_against_the_rules_is_shown_as_text_and_ends_the_game()
    {
        var (ann, link) = await InviteAsync();
        var stranger = await OpenAsync(Url);
        var ended = stranger.Page.EvaluateAsync<string>("""
            async pool => {
                const { play } = await import("./demo/client/turn-client.js");
                const game = await play("./", "<b>Bob</b>", "*", { pool });
                await game.send("<img src=x>");
                for await (const turn of game.turns()) if (!turn) break;
                return game.ended;
            }
            """, $"last-letter-{link.Fragment[1..]}");
        await ann.SeeHeadingAsync("Nobody wins");
        await ann.SeeAsync("turn-text", "<b>Bob</b>’s turn “<img src=x>” breaks the rules");
        Assert.That(await ann.Page.Locator("main img, main b").CountAsync(), Is.Zero);
        Assert.That(await TestWait.ForAsync(ended), Is.EqualTo("15/5/*"));
        await ann.SeeButtonAsync("New game");
    }

    [Test]
    public async Task The_link_is_handed_out_and_waiting_can_be_stopped()
    {
        var (ann, _) = await InviteAsync();
        await ann.PressAsync("Copy the link");
        await ann.SeeAsync("shared", "friend");
        await ann.FitsAsync();
        await ann.PressAsync("Stop waiting");
        await ann.SeeButtonAsync("Play with your friend");
        await ann.FitsAsync();
    }

    [TestCase("", "pear", null)]
    [TestCase("pear", "rose", null)]
    [TestCase("pear", "Rose", null)]
    [TestCase("pear", "apple", "it must begin with R")]
    [TestCase("pear", "ro", "it must have 3 to 40 letters")]
    [TestCase("pear", "r0se", "it may only have letters")]
    [TestCase("pear", "rose hip", "it may only have letters")]
    [TestCase("pear,rider", "RIDER", "it has been played")]
    [TestCase("café", "eagle", null)]
    [TestCase("λόγος", "σοφία", null)]
    [TestCase("чай", "игра", null)]
    [TestCase("नमस्ते", "तराजू", null)]
    [TestCase("しりとり", "りんご", null)]
    public async Task Rules_allow_what_begins_with_the_last_letter(string before, string word, string? broken)
    {
        var page = (await OpenAsync(Url)).Page;
        var rule = await page.EvaluateAsync<string?>("""
            async ([before, word]) => (await import("./demo/rules.js")).ruleBrokenBy(word, before)
            """, new object[] { before.Split(',', StringSplitOptions.RemoveEmptyEntries), word });
        Assert.That(rule, Is.EqualTo(broken));
    }

    private static Task<string> FocusOfAsync(DemoPlayer player) =>
        player.Page.EvaluateAsync<string>("() => document.activeElement.id");

    private Task<DemoPlayer> OpenAsync(Uri url) => DemoPlayer.OpenAsync(_browser, url);

    private async Task<(DemoPlayer Player, Uri Link)> InviteAsync()
    {
        var ann = await OpenAsync(Url);
        await ann.FitsAsync();
        await ann.JoinAsync("Ann", "Invite a friend");
        await ann.SeeHeadingAsync("Waiting for your friend…");
        var link = await ann.Page.GetByRole(AriaRole.Textbox, new() { Name = "Link for your friend" })
            .InputValueAsync();
        return (ann, new Uri(link));
    }

    private async Task<(DemoPlayer Ann, DemoPlayer Bob)> MeetByLinkAsync()
    {
        var (ann, link) = await InviteAsync();
        var bob = await OpenAsync(link);
        await bob.JoinAsync("Bob", "Play with your friend");
        await Task.WhenAll(ann.SeeAsync("partner", "Bob"), bob.SeeAsync("partner", "Ann"));
        return (ann, bob);
    }
}
