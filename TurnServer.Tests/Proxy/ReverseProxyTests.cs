using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using TurnServer.Bench.Load;
using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Proxy;

/// <summary>Playing through a real reverse proxy with the configuration file that operators install.</summary>
[TestFixture("nginx")]
[TestFixture("caddy", Category = "Slow")]
public sealed class ReverseProxyTests(string name) : ServerFixture("--host", "127.0.0.1", "--trust-proxy",
    "--players-per-address", $"{PlayersPerAddress}")
{
    private const int PlayersPerAddress = 3;
    private const int LongestWaitSeconds = 25;

    private ReverseProxy _proxy = null!;

    [OneTimeSetUp]
    public async Task StartProxy() => _proxy = await ReverseProxy.StartAsync(name, Server.Port);

    [OneTimeTearDown]
    public async Task StopProxy() => await (_proxy?.DisposeAsync() ?? default);

    [TestCaseSource(nameof(Scenarios))]
    public async Task Scenario_PlayedOverHttps2_Holds(object scenario) => await PlayAsync(scenario, Https2());

    [TestCaseSource(nameof(Scenarios)), Category("Slow")]
    public async Task Scenario_PlayedOverPlainHttp_Holds(object scenario) => await PlayAsync(scenario, PlainHttp());

    [TestCaseSource(nameof(Scenarios)), Category("Slow")]
    public async Task Scenario_PlayedOverHttps11_Holds(object scenario) =>
        await PlayAsync(scenario, ReverseProxy.CreateHttp(_proxy.Https, HttpVersion.Version11));

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_held_reply_delivers_each_turn_at_once(bool isHttps)
    {
        using var http = isHttps ? Https2() : PlainHttp();
        // Each turn is sent when the one before has arrived. If replies were held until their timeout, this would take
        // minutes.
        var games = await StartGamesAsync(http);
        await using var a = games[0];
        await using var b = games[1];
        var received = Task.WhenAll(CountUpAsync(a), CountUpAsync(b));
        Assert.That(await a.SendAsync("1"u8.ToArray()), Is.Null);
        Assert.That((await received.WaitAsync(TestWait.Timeout)).Sum(), Is.EqualTo(20));
    }

    [Test, Category("Slow")]
    public async Task A_reply_is_held_for_as_long_as_the_server_allows()
    {
        using var http = Https2();
        var key = await RegisterAsync(http);
        var (status, body) = await PostAsync(http, Encoding.UTF8.GetBytes($"2,*,{key},*,*"), LongestWaitSeconds);
        Assert.That((status, body), Is.EqualTo((200, "0/2/*")));
        await UnregisterAsync(http, key);
    }

    [Test]
    public async Task A_body_of_16384_bytes_passes_and_a_longer_one_is_refused_by_the_server()
    {
        await using var pair = await RawPair.StartAsync(_proxy.HttpPort, ClientPair.NewName());
        var turn = new string('t', 16_384 - pair.Update(0, 0, "").Length);
        Assert.That((await pair.Players[0].PostAsync(pair.Update(0, 0, turn))).Body, Is.EqualTo("0/10/*"));
        Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 0, ""))).Body, Is.EqualTo("0/9/" + turn));
        var tooLong = pair.Update(0, 1, turn + "t");
        var refused = await pair.Players[0].PostAsync(tooLong, "Origin: http://game.example");
        Assert.That((refused.Status, refused.Body), Is.EqualTo((400, "20/*/*")));
        Assert.That(refused["Access-Control-Allow-Origin"], Is.EqualTo("*"));
        using var https2 = Https2();
        Assert.That(await PostAsync(https2, Encoding.UTF8.GetBytes(tooLong)), Is.EqualTo((400, "20/*/*")));
    }

    [Test]
    public async Task A_body_of_70000_bytes_is_refused_by_the_proxy()
    {
        using var http = PlainHttp();
        var (status, body) = await PostAsync(http, new byte[70_000]);
        if (name == "nginx")
        {
            Assert.That(status, Is.EqualTo(413));
            Assert.That(body, Does.Not.Contain("/*/*"));
            return;
        }

        // Caddy reads the body while it passes it on: the server may refuse its length first.
        Assert.That((status, body), Is.EqualTo((400, "20/*/*")).Or.Matches<(int, string)>(reply => reply.Item1 == 502));
    }

    [Test]
    public async Task Limits_apply_to_the_address_that_the_proxy_sees()
    {
        if (OwnAddress() is not { } address)
        {
            Assert.Ignore("This machine has only loopback addresses, which are exempt from limits.");
            return;
        }

        using var far = ReverseProxy.CreateHttp(new Uri($"http://{address}:{_proxy.HttpPort}/"), HttpVersion.Version11);
        var keys = new List<string>();
        for (var player = 0; player < PlayersPerAddress; player++)
            keys.Add(await RegisterAsync(far, $"198.51.100.{player}"));
        var refused = await PostAsync(far, NewRegistration(), claimed: "198.51.100.99");
        Assert.That(refused, Is.EqualTo((429, "22/*/*")));
        using var near = PlainHttp();
        // Loopback is exempt, although the claimed address is at its limit.
        keys.Add(await RegisterAsync(near, $"{address}"));
        foreach (var key in keys)
            await UnregisterAsync(near, key);
    }

    [Test]
    public async Task The_proxy_forwards_one_address_and_drops_what_the_client_claims()
    {
        await using var upstream = new Upstream();
        await using var proxy = await ReverseProxy.StartAsync(name, upstream.Port);
        foreach (var url in new[] { proxy.Http, proxy.Https })
        {
            using var http = ReverseProxy.CreateHttp(url, HttpVersion.Version11);
            await PostAsync(http, "6,a,1,0,0"u8.ToArray(), 20, "198.51.100.1, 198.51.100.2");
        }

        Assert.That(upstream.Requests, Has.Count.EqualTo(2));
        foreach (var request in upstream.Requests)
        {
            var lines = request.Head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            Assert.That(lines[0], Is.EqualTo("POST / HTTP/1.1"));
            var forwarded = lines.Single(line =>
                line.StartsWith("X-Forwarded-For:", StringComparison.OrdinalIgnoreCase));
            Assert.That(forwarded.Split(": ")[1], Is.EqualTo("127.0.0.1").Or.EqualTo("::1"));
            Assert.That(request.Has("Prefer"), Is.True);
            Assert.That(lines, Has.None.EqualTo("Connection: close"));
        }
    }

    // Caddy forwards the address in brackets as the Host.
    [Test]
    public async Task A_game_through_a_bare_IPv6_address_works()
    {
        if (!Socket.OSSupportsIPv6)
            Tool.SkipOrFail("IPv6");
        using var http = ReverseProxy.CreateHttp(new Uri($"http://[::1]:{_proxy.HttpPort}/"), HttpVersion.Version11);
        var games = await StartGamesAsync(http);
        await using var a = games[0];
        await using var b = games[1];
        Assert.That(await a.SendAsync("hello"u8.ToArray()), Is.Null);
        await foreach (var turn in b.ReceiveAsync())
        {
            Assert.That(Encoding.UTF8.GetString(turn.Span), Is.EqualTo("hello"));
            break;
        }
    }

    [Test]
    public async Task Connect_works_through_a_bare_IPv6_address()
    {
        if (!Socket.OSSupportsIPv6)
            Tool.SkipOrFail("IPv6");
        var url = new Uri($"http://[::1]:{_proxy.HttpPort}/");
        var names = new[] { ClientPair.NewName(), ClientPair.NewName() };
        await using var a = ConnectChild.Start(url, names[0], "--partner", names[1]);
        await using var b = ConnectChild.Start(url, names[1], "--partner", names[0]);
        await Task.WhenAll(a.WriteAsync("from a\n"u8.ToArray()), b.WriteAsync("from b\n"u8.ToArray()));
        var read = await Task.WhenAll(a.ReadToEndAsync(), b.ReadToEndAsync());
        Assert.That(read.Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "from b\n", "from a\n" }));
    }

    [Test]
    public async Task Under_load_no_request_is_lost()
    {
        // Many more requests than the 100 after which the server closes a connection.
        var duration = TimeSpan.FromSeconds(1.5);
        var settings = new LoadSettings(_proxy.Http, Clients: 16, Rate: 60, duration, Wait: true, Loss: 0);
        var options = new LoadOptions { Settings = settings, TurnsPerGame = 40 };
        var report = await LoadTest.RunAsync(options, _ => { }, CancellationToken.None);
        Assert.Multiple(() =>
        {
            Assert.That(report.RequestsLost, Is.Zero, report.FirstError);
            Assert.That(report.PlayersWithErrors, Is.Zero, report.FirstError);
            Assert.That(report.TurnsReceived, Is.EqualTo(report.TurnsSent).And.GreaterThan(100));
        });
    }

    private static async Task PlayAsync(object scenario, HttpClient http)
    {
        using var server = new HttpScenarioServer(http);
        Assert.That(await new ScenarioPlayer(server).PlayAsync(((Scenario)scenario).Steps), Is.Empty);
    }

    private static async Task<TurnGame[]> StartGamesAsync(HttpClient http)
    {
        var options = new TurnClientOptions { Wait = TimeSpan.FromSeconds(15) };
        var clients = new[] { NewClient(http, options), NewClient(http, options) };
        var names = new[] { ClientPair.NewName(), ClientPair.NewName() };
        for (var i = 0; i < 2; i++)
            Assert.That(await clients[i].RegisterAsync(names[i], names[1 - i]), Is.Null);
        return await Task.WhenAll(clients.Select(ClientPair.StartAsync)).WaitAsync(TestWait.Timeout);
    }

    // Answers each turn with the next number until ten have arrived; returns how many did.
    private static async Task<int> CountUpAsync(TurnGame game)
    {
        var count = 0;
        await foreach (var turn in game.ReceiveAsync())
        {
            count++;
            var number = int.Parse(Encoding.UTF8.GetString(turn.Span));
            if (number < 20)
                await game.SendAsync(Encoding.UTF8.GetBytes($"{number + 1}"));
            if (count == 10)
                break;
        }

        return count;
    }

    private static byte[] NewRegistration() => Encoding.UTF8.GetBytes($"0,{ClientPair.NewName()},*,Nobody,*");

    private static async Task<string> RegisterAsync(HttpClient http, string? claimed = null)
    {
        var (_, body) = await PostAsync(http, NewRegistration(), claimed: claimed);
        Assert.That(body, Does.StartWith("0/0/"));
        return body["0/0/".Length..];
    }

    private static async Task UnregisterAsync(HttpClient http, string key) =>
        await PostAsync(http, Encoding.UTF8.GetBytes($"1,*,{key},*,*"));

    private static async Task<(int Status, string Body)> PostAsync(HttpClient http, byte[] body, int waitSeconds = 0,
        string? claimed = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        if (waitSeconds > 0)
            request.Headers.Add("Prefer", $"wait={waitSeconds}");
        if (claimed is not null)
            request.Headers.Add("X-Forwarded-For", claimed);
        using var response = await http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static IPAddress? OwnAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(found => found.Address)
        .FirstOrDefault(found => found.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(found));

    private static TurnClient NewClient(HttpClient http, TurnClientOptions options) =>
        new(http, http.BaseAddress!, options);

    private static IEnumerable<TestCaseData> Scenarios() => Scenario.InFolder("scenarios")
        .Select(found => new TestCaseData(found.Scenario).SetArgDisplayNames($"{found.File}: {found.Scenario.Name}"));

    private HttpClient Https2() => ReverseProxy.CreateHttp(_proxy.Https, HttpVersion.Version20);

    private HttpClient PlainHttp() => ReverseProxy.CreateHttp(_proxy.Http, HttpVersion.Version11);
}
