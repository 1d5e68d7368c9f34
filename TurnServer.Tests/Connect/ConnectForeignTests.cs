using TurnServer.Tests.Support;

namespace TurnServer.Tests.Connect;

/// <summary><c>connect</c> with another client as its partner.</summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class ConnectForeignTests
{
    private const string Wait = "Prefer: wait=10";

    [Test]
    public async Task Lines_are_turns_for_another_client_and_its_turns_are_lines()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var zoe = await Player.PairAsync(server.Port, ann, "Zoe", "*");
        await ann.WriteAsync("knight|b5\\\n\nlast"u8.ToArray());
        Assert.That(await zoe.CollectAsync(), Is.EqualTo(new[] { @"knight\pb5\\", @"\e", @"last\c", @"\." }));
        await zoe.UpdateAsync(@"e7-e5\o/");
        Assert.That(await ann.ReadAsync(9), Is.EqualTo("e7-e5\\o/\n"));
        await ann.WaitForMessageAsync("end of input; waiting for Zoe to end too");
        await zoe.QuitAsync();
        // Another client does not send an end: whether that was everything is unknown.
        Assert.That(await ann.ExitCodeAsync(), Is.EqualTo(5));
        Assert.That(ann.LastLine, Is.EqualTo("Zoe left before the end"));
    }

    [Test]
    public async Task A_client_that_sends_the_end_turns_completes_the_transfer()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var zoe = await Player.PairAsync(server.Port, ann, "Zoe", "*");
        await zoe.UpdateAsync(@"one|\.");
        await ann.WaitForMessageAsync("Zoe has no more to send");
        await ann.WriteAsync("two\n"u8.ToArray());
        Assert.That(await zoe.CollectAsync(), Is.EquivalentTo(new[] { "two", @"\.", @"\!all" }));
        await zoe.UpdateAsync(@"\!all");
        Assert.That(await ann.ExitCodeAsync(), Is.Zero, ann.Errors);
    }

    [Test]
    public async Task A_client_that_leaves_without_confirming_has_left_before_the_end()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var zoe = await Player.PairAsync(server.Port, ann, "Zoe", "*");
        // A confirmation before Ann's end has no effect.
        await zoe.UpdateAsync(@"one|\!all|\.");
        await ann.WaitForMessageAsync("Zoe has no more to send");
        await ann.WriteAsync("two\n"u8.ToArray());
        await zoe.CollectAsync();
        await zoe.QuitAsync();
        Assert.That(await ann.ExitCodeAsync(), Is.EqualTo(5), ann.Errors);
    }

    [Test]
    public async Task A_client_that_is_dropped_is_reported()
    {
        await using var server = await ServerChild.StartAsync("--game-timeout", "5");
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var zoe = await Player.PairAsync(server.Port, ann, "Zoe", "*");
        Assert.That(await ann.ExitCodeAsync(), Is.EqualTo(5));
        Assert.That(ann.LastLine, Is.EqualTo("Zoe fell silent and was dropped by the server"));
    }

    [TestCase("*")]
    [TestCase("Ann")]
    public async Task A_client_that_leaves_before_the_start_is_replaced(string wanted)
    {
        await using var server = await ServerChild.StartAsync();
        string[] flags = wanted == "*" ? [] : ["--partner", "Zoe"];
        await using var ann = ConnectChild.Start(server.Url, "Ann", flags);
        await ann.WaitForMessageAsync("waiting for");
        await using var http = await RawHttp.ConnectAsync(server.Port);
        var key = await Player.PairAsync(http, "Zoe", wanted);
        Assert.That((await http.PostAsync($"1,*,{key},*,*")).Body, Is.EqualTo("0/1/*"));
        // Ann may not know Zoe's name yet.
        await ann.WaitForMessageAsync(" left before the start; waiting again");
        await using var zoe = await Player.PairAsync(server.Port, ann, wanted == "*" ? "Yva" : "Zoe", wanted);
        await zoe.UpdateAsync("here");
        Assert.That(await ann.ReadAsync(5), Is.EqualTo("here\n"));
    }

    // A player that sends plain requests.
    private sealed class Player(RawHttp http, string key, string seat) : IAsyncDisposable
    {
        private int _counter;

        public static async Task<string> PairAsync(RawHttp http, string name, string partner)
        {
            var key = await http.RegisterAsync($"0,{name},*,{partner},*");
            Assert.That((await http.PostAsync($"2,*,{key},*,*", Wait)).Body, Does.EndWith("/Ann"));
            return key;
        }

        public static async Task<Player> PairAsync(int port, ConnectChild ann, string name, string partner)
        {
            await ann.WaitForMessageAsync("waiting for");
            var http = await RawHttp.ConnectAsync(port);
            var key = await PairAsync(http, name, partner);
            await http.PostAsync($"3,*,{key},*,*");
            var start = (await http.PostAsync($"4,*,{key},*,*", Wait)).DataAfter("0/8/").Split('|');
            await ann.WaitForMessageAsync($"paired with {name}");
            return new Player(http, start[0], start[1]);
        }

        public async Task<string> UpdateAsync(string data)
        {
            string[] headers = data.Length == 0 ? [Wait] : [];
            var body = (await http.PostAsync($"6,{data},{key},{seat},{_counter++}", headers)).Body;
            return body.StartsWith("0/9/", StringComparison.Ordinal) ? body["0/9/".Length..] : "";
        }

        // All turns up to Ann's end turn, and those in the same block.
        public async Task<string[]> CollectAsync()
        {
            var turns = new List<string>();
            while (!turns.Contains(@"\."))
                turns.AddRange((await UpdateAsync("")).Split('|'));
            return [.. turns];
        }

        public async Task QuitAsync() =>
            Assert.That((await http.PostAsync($"5,*,{key},{seat},*")).Body, Is.EqualTo("0/1/*"));

        public ValueTask DisposeAsync() => http.DisposeAsync();
    }
}
