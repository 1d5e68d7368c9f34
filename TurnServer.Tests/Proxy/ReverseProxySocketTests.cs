using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Proxy;

/// <summary>Playing over WebSockets through a real reverse proxy with the file that operators install.</summary>
[TestFixture("nginx")]
[TestFixture("caddy", Category = "Slow")]
public sealed class ReverseProxySocketTests(string name) : ServerFixture("--host", "127.0.0.1", "--trust-proxy",
    "--players-per-address", "3", "--ping-interval", "1", "--log-level", "debug")
{
    private ReverseProxy _proxy = null!;

    [OneTimeSetUp]
    public async Task StartProxy() => _proxy = await ReverseProxy.StartAsync(name, Server.Port);

    [OneTimeTearDown]
    public async Task StopProxy() => await (_proxy?.DisposeAsync() ?? default);

    [TestCaseSource(nameof(Scenarios))]
    public async Task Scenario_PlayedOverAWebSocketWithTls_Holds(object scenario) => await PlayAsync(scenario, true);

    [TestCaseSource(nameof(Scenarios)), Category("Slow")]
    public async Task Scenario_PlayedOverAWebSocketInTheClear_Holds(object scenario) =>
        await PlayAsync(scenario, false);

    [Test]
    public async Task Pings_and_pongs_pass_and_a_close_frame_too([Values] bool isHttps)
    {
        await using var socket = await _proxy.OpenSocketAsync(isHttps);
        // More than three intervals: without the pongs the server would have closed it.
        for (var ping = 0; ping < 5; ping++)
        {
            var frame = await socket.ReadFrameAsync();
            Assert.That(frame?.Opcode, Is.EqualTo(Opcode.Ping));
            await socket.SendBytesAsync(SocketFrame.Encode(Opcode.Pong, frame!.Payload));
        }

        await socket.SendAsync("no tag");
        Assert.That((await socket.ReadCloseAsync())?.Code, Is.EqualTo(1008));
    }

    [Test]
    public async Task Limits_apply_to_the_address_that_the_proxy_sees()
    {
        if (OwnAddress() is not { } address)
        {
            Assert.Ignore("This machine has only loopback addresses, which are exempt from limits.");
            return;
        }

        await using var far = await _proxy.OpenSocketAsync(false, address);
        await using var near = await _proxy.OpenSocketAsync(false);
        var keys = new List<string>();
        for (var player = 0; player < 3; player++)
            keys.Add(await far.RegisterAsync($"0,Far{player},*,Nobody,*"));
        Assert.That(await far.AskForAllAsync("0,Far,*,Nobody,*"), Is.EqualTo((";retry=1", "22/*/*")));
        keys.Add(await near.RegisterAsync("0,Near,*,Nobody,*"));
        foreach (var key in keys)
            Assert.That(await near.AskAsync($"1,*,{key},*,*"), Is.EqualTo("0/1/*"));
    }

    [Test]
    public async Task A_game_goes_on_after_a_restart_of_the_server_behind([Values] bool isHttps)
    {
        using var state = new StateFolder();
        var port = Ports.Next();
        await using var proxy = await ReverseProxy.StartAsync(name, port);
        await using var first = await state.StartAsync(port, "batch", "--host", "127.0.0.1", "--trust-proxy");
        await using var before = await proxy.OpenSocketAsync(isHttps);
        var (ann, bob) = await SocketGames.StartAsync(before, "Restart");
        Assert.That(await before.AskAsync($"6,a0,{ann},0"), Is.EqualTo("0/10/*"));
        await before.SendAsync($"77;wait=20 6,,{ann},1");
        await before.AskAsync("1,*,1,*,*");
        await StateFolder.StopAsync(first);
        Assert.That(await before.ReadAsync(), Does.EndWith(" 0/10/*"), "the held reply is sent as it stands");
        Assert.That((await before.ReadCloseAsync())?.Code, Is.EqualTo(1001));
        await using var second = await state.StartAsync(port, "batch", "--host", "127.0.0.1", "--trust-proxy");
        await using var after = await proxy.OpenSocketAsync(isHttps);
        Assert.That(await after.AskAsync($"6,b0,{bob},0"), Is.EqualTo("0/9/a0"));
        Assert.That(await after.AskAsync($"6,a2,{ann},2"), Is.EqualTo("0/9/b0"));
        await StateFolder.StopAsync(second);
    }

    private static IPAddress? OwnAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(found => found.Address)
        .FirstOrDefault(found => found.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(found));

    private static IEnumerable<TestCaseData> Scenarios() => Scenario.InFolder("scenarios")
        .Select(found => new TestCaseData(found.Scenario).SetArgDisplayNames($"{found.File}: {found.Scenario.Name}"));

    private async Task PlayAsync(object scenario, bool isHttps)
    {
        await using var server = new SocketScenarioServer(() => _proxy.OpenSocketAsync(isHttps),
            new HttpScenarioServer(Server.Url));
        Assert.That(await new ScenarioPlayer(server).PlayAsync(((Scenario)scenario).Steps), Is.Empty);
    }
}
