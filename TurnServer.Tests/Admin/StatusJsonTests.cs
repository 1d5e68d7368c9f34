using System.Text.Json;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>The status page's data and files, from a server with a few known players.</summary>
internal sealed class StatusJsonTests() : AdminFixture("--max-games", "77", "--game-timeout", "300",
    "--pairing-timeout", "300.0", "--trust-proxy")
{
    private const string RightToLeftOverride = "\u202E";
    private const string Markup = "<script>alert(1)</script>";
    private const string HostilePool = "<b>\"'&";

    private readonly List<string> _keys = [];
    private RawHttp _waiting = null!;
    private RawPair _pair = null!;

    [OneTimeSetUp]
    public async Task PlayAsync()
    {
        _waiting = await RawHttp.ConnectAsync(Server.Port);
        string[] requests =
            [$"0,{Markup},*,Nobody,*", $"0,Turn{RightToLeftOverride}ed,*,*,*", $"0,Zoë,*#{HostilePool},Nobody,*"];
        foreach (var body in requests)
            _keys.Add(await _waiting.RegisterAsync(body, "X-Forwarded-For: 203.0.113.7"));
        _pair = await RawPair.StartAsync(Server.Port, "Player", pool: "Chess");
        await _pair.Players[0].PostAsync(_pair.Update(0, 0, "12345"));
        await _pair.Players[0].PostAsync(_pair.Update(0, 1, "67"));
        await _pair.Players[0].PostAsync(_pair.Update(0, 9, "out of step"));
        _keys.AddRange(_pair.Keys);
        // Samples are a second apart.
        await UntilAsync(status => Number(status, "total", "turns") == 2 && Number(status, "total", "refusals") == 1);
    }

    [OneTimeTearDown]
    public async Task StopPlayers()
    {
        await _waiting.DisposeAsync();
        await _pair.DisposeAsync();
    }

    [Test]
    public async Task It_has_current_values_limits_and_totals()
    {
        var status = await ReadAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status.GetProperty("isActorAnswering").GetBoolean(), Is.True);
            Assert.That(status.GetProperty("health").GetProperty("state").GetString(), Is.AnyOf("good", "warning"));
            Assert.That(status.GetProperty("version").GetString(), Is.EqualTo("1.0.0"));
            Assert.That(Number(status, "now", "games"), Is.EqualTo(1));
            Assert.That(Number(status, "now", "playersByStatus", "waiting"), Is.EqualTo(3));
            Assert.That(Number(status, "now", "backlogBytes"), Is.EqualTo(8), "two turns and a separator");
            Assert.That(Number(status, "now", "connections"), Is.InRange(1, 3));
            Assert.That(Number(status, "now", "residentBytes"), Is.GreaterThan(10e6));
            Assert.That(Number(status, "now", "descriptors"), Is.GreaterThan(10));
            Assert.That(Number(status, "limits", "games"), Is.EqualTo(77));
            Assert.That(Number(status, "limits", "players"), Is.EqualTo(100_000));
            Assert.That(Number(status, "total", "registrations"), Is.EqualTo(5));
            Assert.That(Number(status, "total", "games"), Is.EqualTo(1));
            Assert.That(Number(status, "total", "turnBytes"), Is.EqualTo(7));
            Assert.That(status.GetProperty("total").GetProperty("refusalsByCode").ToString(),
                Is.EqualTo("""[{"code":19,"name":"PLAYER_STATE_AHEAD","count":1}]"""));
            Assert.That(Number(status, "total", "dropsByCause", "silentWaiting"), Is.Zero);
        }
    }

    [TestCase("", "minutes")]
    [TestCase("?range=minutes", "minutes")]
    [TestCase("?range=hour", "hour")]
    public async Task Its_series_have_equal_length(string query, string range)
    {
        var history = (await ReadAsync(query)).GetProperty("history");
        Assert.That(history.GetProperty("range").GetString(), Is.EqualTo(range));
        var series = history.EnumerateObject().Where(field => field.Value.ValueKind == JsonValueKind.Array).ToList();
        Assert.That(series, Has.Count.EqualTo(13));
        Assert.That(series.Select(field => field.Value.GetArrayLength()).Distinct().Count(), Is.EqualTo(1));
    }

    [TestCase("", "Zoë Turn\u202Eed <script>alert(1)</script>", 1)]
    [TestCase("zOË", "Zoë", 0)]
    [TestCase("nobody", "Zoë <script>alert(1)</script>", 0)]
    [TestCase("203.0.113", "Zoë Turn\u202Eed <script>alert(1)</script>", 0)]
    [TestCase("<SCRIPT", "<script>alert(1)</script>", 0)]
    [TestCase("player2", "", 1)]
    [TestCase("B>\"'&", "Zoë", 0)]
    [TestCase("chess", "", 1)]
    [TestCase("no such name", "", 0)]
    public async Task It_searches_players_and_games(string search, string players, int games)
    {
        var status = await ReadAsync($"?search={Uri.EscapeDataString(search)}");
        var registry = status.GetProperty("players");
        var waiting = registry.GetProperty("rows").EnumerateArray()
            .Where(row => row.GetProperty("status").GetString() == "waiting").ToList();
        Assert.That(waiting.Select(row => row.GetProperty("name").GetString()), Is.EquivalentTo(
            players.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.That(waiting.Select(row => row.GetProperty("address").GetString()), Has.All.EqualTo("203.0.113.7"));
        Assert.That(Number(status, "players", "matching"), Is.EqualTo(registry.GetProperty("rows").GetArrayLength()));
        Assert.That(status.GetProperty("games").GetProperty("rows").GetArrayLength(), Is.EqualTo(games));
    }

    [Test]
    public async Task Players_and_games_have_their_pool()
    {
        var status = await ReadAsync();
        var pools = status.GetProperty("players").GetProperty("rows").EnumerateArray().ToLookup(
            row => row.GetProperty("name").GetString(), row => row.GetProperty("pool").GetString());
        Assert.That(pools["Zoë"], Is.EqualTo([HostilePool]));
        Assert.That(pools[Markup], Is.EqualTo((string?[])[null]));
        Assert.That(status.GetProperty("games").GetProperty("rows")[0].GetProperty("pool").GetString(),
            Is.EqualTo("Chess"));
    }

    [Test]
    public async Task It_lists_at_most_the_requested_rows_and_counts_all()
    {
        var status = await ReadAsync("?rows=1");
        Assert.That(status.GetProperty("players").GetProperty("rows").GetArrayLength(), Is.EqualTo(1));
        Assert.That(Number(status, "players", "matching"), Is.GreaterThanOrEqualTo(3));
    }

    [Test]
    public async Task A_game_has_its_players_counters_and_backlogs()
    {
        var game = (await ReadAsync()).GetProperty("games").GetProperty("rows")[0];
        var sender = game.GetProperty("seats")[_pair.Seats[0]];
        var receiver = game.GetProperty("seats")[_pair.Seats[1]];
        Assert.That(sender.GetProperty("name").GetString(), Is.EqualTo("Player"));
        Assert.That(Number(sender, "counter"), Is.EqualTo(1));
        Assert.That(Number(receiver, "backlogBytes"), Is.EqualTo(8));
        Assert.That(Number(receiver, "timeLeftSeconds"), Is.InRange(1, 300));
    }

    [Test]
    public async Task It_has_each_flag_with_its_value_and_default()
    {
        var settings = (await ReadAsync()).GetProperty("settings").EnumerateArray().ToDictionary(
            setting => setting.GetProperty("name").GetString()!, setting => (setting.GetProperty("value").GetString(),
                setting.GetProperty("default").GetString(), setting.GetProperty("isDefault").GetBoolean()));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(settings["--max-games"], Is.EqualTo(("77", "50000", false)));
            Assert.That(settings["--max-players"], Is.EqualTo(("100000", "100000", true)));
            Assert.That(settings["--pairing-timeout"], Is.EqualTo(("300.0", "25", false)));
            Assert.That(settings["--trust-proxy"], Is.EqualTo(("true", "false", false)));
            Assert.That(settings["--verbose"], Is.EqualTo(("never", "never", true)));
            Assert.That(settings["--admin-port"].Item1, Is.EqualTo($"{AdminPort}"));
        }
    }

    [Test]
    public async Task It_contains_no_key_and_no_markup()
    {
        var text = (await GetAsync("/status.json?rows=1000")).Body;
        foreach (var key in _keys)
            Assert.That(text, Does.Not.Contain(key).And.Not.Contain(key[..Math.Min(10, key.Length)]));
        Assert.That(text, Does.Not.Contain("<").And.Not.Contain("&").And.Not.Contain("'"));
        Assert.That(text, Does.Not.Contain(RightToLeftOverride).And.Contain("\\u202E"));
        Assert.That(text, Has.All.LessThan((char)127));
    }

    [TestCase("?rows=0", "rows: give a whole number from 1 to 1000\n")]
    [TestCase("?rows=1001", "rows: give a whole number from 1 to 1000\n")]
    [TestCase("?rows=x", "rows: give a whole number from 1 to 1000\n")]
    [TestCase("?range=day", "range: give minutes or hour\n")]
    [TestCase("?search=01234567890123456789012345678901234567890123456789012345678901234",
        "search: give at most 64 characters\n")]
    public async Task An_invalid_query_is_refused(string query, string body)
    {
        var reply = await GetAsync("/status.json" + query);
        Assert.That((reply.Status, reply.Body), Is.EqualTo((400, body)));
    }

    [TestCase("/", "text/html")]
    [TestCase("/status", "text/html")]
    [TestCase("/status.css", "text/css")]
    [TestCase("/status.js", "text/javascript")]
    [TestCase("/status-chart.js", "text/javascript")]
    [TestCase("/status-cluster.js", "text/javascript")]
    [TestCase("/status-format.js", "text/javascript")]
    [TestCase("/status-tables.js", "text/javascript")]
    [TestCase("/status.svg", "image/svg+xml")]
    public async Task The_page_is_served_with_a_strict_policy(string path, string contentType)
    {
        var reply = await GetAsync(path);
        Assert.That(reply.Status, Is.EqualTo(200));
        Assert.That(reply["Content-Type"], Is.EqualTo($"{contentType}; charset=utf-8"));
        Assert.That(reply["X-Content-Type-Options"], Is.EqualTo("nosniff"));
        Assert.That(reply["Content-Security-Policy"], Does.Contain("default-src 'none'")
            .And.Contain("script-src 'self'").And.Contain("frame-ancestors 'none'").And.Not.Contain("unsafe"));
        Assert.That(reply.Body, Is.Not.Empty);
    }

    [Test]
    public async Task Without_a_cluster_its_section_is_hidden()
    {
        Assert.That((await ReadAsync()).GetProperty("cluster").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That((await GetAsync("/status")).Body, Does.Contain("id=\"cluster\" hidden"));
    }

    [Test]
    public async Task Without_scripts_the_page_links_to_the_data()
    {
        var reply = await GetAsync("/status");
        Assert.That(reply.Body, Does.Contain("<noscript>").And.Contain("href=\"status.json\""));
        Assert.That(reply.Body, Does.Not.Contain("style=").And.Not.Contain("onclick").And.Not.Contain("<style"));
    }

    private static double Number(JsonElement from, params string[] path) =>
        path.Aggregate(from, (at, name) => at.GetProperty(name)).GetDouble();

    private async Task UntilAsync(Func<JsonElement, bool> condition)
    {
        var patience = DateTime.UtcNow + TestWait.Timeout;
        while (await TryReadAsync() is not { } status || !condition(status))
        {
            Assert.That(DateTime.UtcNow, Is.LessThan(patience), "timed out waiting for the samples");
            await Task.Delay(20);
        }
    }

    private async Task<JsonElement?> TryReadAsync()
    {
        var reply = await GetAsync("/status.json");
        return reply.Status == 200 ? Parse(reply.Body) : null;
    }

    private async Task<JsonElement> ReadAsync(string query = "")
    {
        var reply = await GetAsync("/status.json" + query);
        Assert.That(reply.Status, Is.EqualTo(200), reply.Body);
        Assert.That(reply["Content-Type"], Is.EqualTo("application/json; charset=utf-8"));
        return Parse(reply.Body);
    }

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private async Task<RawReply> GetAsync(string pathAndQuery)
    {
        await using var client = await RawHttp.ConnectAsync(AdminPort);
        await client.SendAsync($"GET {pathAndQuery} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return await client.ReadReplyAsync();
    }
}
