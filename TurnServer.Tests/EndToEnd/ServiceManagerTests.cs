using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The server's notifications to the service manager.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class ServiceManagerTests
{
    // Pings every 0.5 s.
    private const string WatchdogMicroseconds = "1500000";

    // The shell execs the server, so that $$ is the server's PID.
    private static readonly string[] OwnWatchdog = ["sh", "-c", "WATCHDOG_PID=$$ exec \"$@\"", "sh"];

    [TestCase(false)]
    [TestCase(true, Category = "Slow")]
    public async Task The_server_notifies_ready_status_pings_and_stopping(bool isAbstract)
    {
        await using var systemd = new NotifySocket(NotifySocket.NewAddress(isAbstract));
        await using var server = Launch(systemd, OwnWatchdog, []);
        await TestWait.UntilAsync(() => systemd.Messages.Count > 0, "it speaks");
        Assert.That(systemd.Count("READY=1"), Is.EqualTo(1));
        // Without a retry: after READY the server listens.
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await client.PostAsync("0,Ann,*,Nobody,*");
        await TestWait.UntilAsync(() => systemd.Status.StartsWith("1 registered player, 0 games, ",
            StringComparison.Ordinal), "the status counts Ann");
        var pings = systemd.Pings;
        await TestWait.UntilAsync(() => systemd.Pings >= pings + 2, "it pings the watchdog");
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        await TestWait.UntilAsync(() => systemd.Count("STOPPING=1") == 1, "it says that it stops");
        Assert.That(systemd.Messages[^1], Does.StartWith("STOPPING=1\n"));
        Assert.That(systemd.Count("READY=1"), Is.EqualTo(1));
    }

    [Test]
    public async Task Stopping_is_notified_while_requests_are_in_progress()
    {
        await using var systemd = new NotifySocket(NotifySocket.NewAddress(isAbstract: false));
        await using var server = Launch(systemd, [], []);
        await TestWait.UntilAsync(() => systemd.Messages.Count > 0, "it speaks");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", "Content-Length: 14") + "0,Ann");
        await using var other = await RawHttp.ConnectAsync(server.Port);
        for (var i = 0; i < 20; i++)
            await other.GetAsync("GET /healthz HTTP/1.1");
        server.Signal(PosixSignal.SIGTERM);
        await TestWait.UntilAsync(() => systemd.Count("STOPPING=1") == 1, "it says that it stops");
        Assert.That(server.HasExited, Is.False);
        await client.SendAsync(",*,*,*,99");
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
    }

    [Test]
    public async Task Without_a_matching_WATCHDOG_PID_there_are_no_pings()
    {
        await using var systemd = new NotifySocket(NotifySocket.NewAddress(isAbstract: false));
        await using var server = Launch(systemd, [], new() { ["WATCHDOG_PID"] = "1" });
        await TestWait.UntilAsync(() => systemd.Count("READY=1") == 1, "it is ready");
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        Assert.That(systemd.Pings, Is.Zero);
    }

    [Test]
    public async Task With_an_unreachable_service_manager_the_server_warns_and_runs()
    {
        var nowhere = NotifySocket.NewAddress(isAbstract: false);
        var port = Ports.Next();
        await using var server = ServerChild.Launch([], new Dictionary<string, string> { ["NOTIFY_SOCKET"] = nowhere },
            port, ["--port", $"{port}"]);
        await server.WaitForLogAsync("warning: sd_notify failed (NOTIFY_SOCKET)");
        await using var client = await RawHttp.ConnectAsync(port);
        Assert.That((await client.PostAsync("0,Ann,*,*,*")).Body, Does.StartWith("0/0/"));
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
    }

    private static ServerChild Launch(NotifySocket systemd, string[] command, Dictionary<string, string> environment)
    {
        environment["NOTIFY_SOCKET"] = systemd.Address;
        environment["WATCHDOG_USEC"] = WatchdogMicroseconds;
        var port = Ports.Next();
        return ServerChild.Launch(command, environment, port, ["--port", $"{port}"]);
    }
}
