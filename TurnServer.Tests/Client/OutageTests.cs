using System.Diagnostics;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>Servers and players that are unreachable, for a while or for good.</summary>
[TestFixture(Transports.Http), TestFixture(Transports.WebSocket), Parallelizable(ParallelScope.All)]
internal sealed class OutageTests(string scheme) : ServerFixture
{
    [TestCase(1)]
    [TestCase(10, Category = "Slow")]
    public async Task A_game_survives_an_outage_of_the_server(int seconds)
    {
        await using var proxy = new FaultyProxy(Server.Port);
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), new());
        var reads = pair.Games.Select(game => ClientPair.ReadAsync(game, 20)).ToList();
        var sends = pair.Games.Select(SendAllAsync).ToList();
        proxy.TakeDown();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        proxy.BringUp();
        await Task.WhenAll(sends);
        Assert.That(await Task.WhenAll(reads), Has.All.EqualTo(Enumerable.Range(0, 20).Select(i => $"{i}")));
    }

    [Test]
    public async Task A_game_survives_a_suspension_of_the_server()
    {
        await using var server = await ServerChild.StartAsync();
        var log = new AttemptLog();
        var options = new TurnClientOptions
        {
            ReplyTimeout = TimeSpan.FromMilliseconds(100),
            Observer = log.Note,
            Wait = TimeSpan.FromSeconds(1),
        };
        await using var pair = await ClientPair.StartAsync(server.Url.Over(scheme), options);
        var reads = pair.Games.Select(game => ClientPair.ReadAsync(game, 20)).ToList();
        await server.PauseAsync();
        var sends = pair.Games.Select(SendAllAsync).ToList();
        try
        {
            var before = log.Attempts.Count(attempt => attempt.Loss is not null);
            await TestWait.UntilAsync(() => log.Attempts.Count(attempt => attempt.Loss is not null) > before + 6,
                "requests are lost");
        }
        finally
        {
            server.Resume();
        }

        await Task.WhenAll(sends);
        Assert.That(await Task.WhenAll(reads), Has.All.EqualTo(Enumerable.Range(0, 20).Select(i => $"{i}")));
    }

    [Test]
    public async Task A_server_that_stays_unreachable_ends_the_game_with_a_fault()
    {
        await using var proxy = new FaultyProxy(Server.Port);
        var log = new AttemptLog();
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme),
            new() { Patience = TimeSpan.FromSeconds(0.5), Observer = log.Note }, new());
        var read = ClientPair.ReadToEndAsync(pair.A);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "a reply is held");
        proxy.TakeDown();
        var fault = await pair.A.SendAsync(ClientPair.Bytes("never"));
        Assert.That((fault!.Kind, fault.Error), Is.EqualTo((TurnFaultKind.Unreachable, ErrorCode.None)));
        Assert.That(fault.Meaning, Does.StartWith("the server cannot be reached: "));
        Assert.That(await read, Is.Empty);
        Assert.That(pair.A.Ended, Is.EqualTo(fault));
        Assert.That(await pair.A.PostAsync(ClientPair.Bytes("late")), Is.EqualTo(fault));
        Assert.That(await pair.A.QuitAsync(), Is.EqualTo(fault));
        Assert.That(log.Attempts.Select(attempt => attempt.Symbol), Has.None.EqualTo(Symbol.GameQuit),
            "after the patience is over nothing more is sent");
    }

    [Test]
    public async Task A_restarted_server_without_state_ends_the_game_and_the_registration()
    {
        await using var other = await ServerChild.StartAsync();
        await using var proxy = new FaultyProxy(Server.Port);
        using var http = TurnClient.CreateHttp();
        var waiting = new TurnClient(http, proxy.Url.Over(scheme));
        await waiting.RegisterAsync(ClientPair.NewName(), ClientPair.NewName());
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), new());
        await ClientPair.SendAsync(pair.A, "before");
        Assert.That(await ClientPair.ReadAsync(pair.B, 1), Is.EqualTo(new[] { "before" }));
        proxy.ServerPort = other.Port;
        Assert.That(await pair.A.SendAsync(ClientPair.Bytes("after")),
            Is.EqualTo(TurnFault.Of(ErrorCode.NoGame, null)));
        Assert.That(pair.A.Ended!.Kind, Is.EqualTo(TurnFaultKind.SeatGone));
        Assert.That((await waiting.PairAsync()).Fault!.Kind, Is.EqualTo(TurnFaultKind.RegistrationGone));
        Assert.That((await pair.B.SendAsync(ClientPair.Bytes("after")))!.Kind, Is.EqualTo(TurnFaultKind.SeatGone));
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.Empty);
    }

    [Test, Category("Slow")]
    public async Task An_idle_client_keeps_its_seat_and_a_disposed_one_loses_it()
    {
        var timeout = TimeSpan.FromSeconds(2);
        await using var server = await ServerChild.StartAsync("--game-timeout", $"{timeout.TotalSeconds}");
        var logs = new[] { new AttemptLog(), new AttemptLog() };
        var options = new TurnClientOptions { KeepAlive = TimeSpan.FromMilliseconds(200) };
        await using var pair = await ClientPair.StartAsync(server.Url.Over(scheme),
            options with { Observer = logs[0].Note }, options with { Observer = logs[1].Note });
        await Task.Delay(1.5 * timeout);
        Assert.That(logs.Select(log => log.Updates), Has.All.InRange(2, 16));
        await ClientPair.SendAsync(pair.A, "here");
        Assert.That(await ClientPair.ReadAsync(pair.B, 1), Is.EqualTo(new[] { "here" }));
        await pair.A.DisposeAsync();
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.Empty);
        Assert.That((pair.B.Ended!.Kind, pair.B.Ended.HasPartnerQuit), Is.EqualTo((TurnFaultKind.PartnerLeft, false)));
    }

    [Test]
    public async Task A_server_that_holds_no_replies_is_polled()
    {
        await using var proxy = new FaultyProxy(Server.Port) { HidesPrefer = true };
        var often = new TurnClientOptions { PollInterval = TimeSpan.FromMilliseconds(20) };
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), often, urlB: Url);
        var read = ClientPair.ReadAsync(pair.A, 1);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(5)), "it polls");
        await ClientPair.SendAsync(pair.B, "news");
        Assert.That(await read, Is.EqualTo(new[] { "news" }));
    }

    [Test]
    public async Task A_server_that_holds_no_replies_is_polled_at_the_interval()
    {
        await using var proxy = new FaultyProxy(Server.Port) { HidesPrefer = true };
        var log = new AttemptLog();
        var interval = TimeSpan.FromSeconds(1);
        await using var pair = await ClientPair.StartAsync(Url, new(),
            new() { PollInterval = interval, Observer = log.Note }, proxy.Url.Over(scheme));
        var startedAt = Stopwatch.GetTimestamp();
        var read = ClientPair.ReadAsync(pair.B, 2);
        await TestWait.UntilAsync(() => log.Updates == 2, "it has polled twice");
        await ClientPair.SendAsync(pair.A, "one");
        await ClientPair.SendAsync(pair.B, "beside");
        await ClientPair.SendAsync(pair.A, "two");
        await ClientPair.SendAsync(pair.B, "beside");
        Assert.That(await read, Is.EqualTo(new[] { "one", "two" }));
        var intervals = Stopwatch.GetElapsedTime(startedAt) / interval;
        Assert.That(intervals, Is.GreaterThan(0.9), "it waits between polls");
        Assert.That(log.Updates, Is.LessThanOrEqualTo(4 + intervals), "one to find out, one per send, and the polls");
    }

    private Uri Url => Server.Url.Over(scheme);

    private static async Task SendAllAsync(TurnGame game)
    {
        for (var i = 0; i < 20; i++)
            await ClientPair.SendAsync(game, $"{i}");
    }
}
