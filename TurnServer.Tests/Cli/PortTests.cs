using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>A server that cannot listen prints one line with a remedy and exits with 1.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class PortTests
{
    private const int CannotListen = 1;
    private const int WellKnownPort = 80;

    [Test]
    public async Task A_taken_port_is_reported()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var port = Ports.Next();
        other.Bind(new IPEndPoint(IPAddress.Any, port));
        other.Listen();
        await using var server = ServerChild.Launch("--port", $"{port}");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(CannotListen));
        AssertIsOneLine(server);
        Assert.That(server.Errors, Does.Contain($"{port}").And.Contain("taken").And.Contain("--port"));
    }

    [Test]
    public async Task Two_servers_do_not_share_a_port()
    {
        await using var first = await ServerChild.StartAsync();
        await using var second = ServerChild.Launch("--port", $"{first.Port}");
        Assert.That(await second.ExitCodeAsync(), Is.EqualTo(CannotListen));
        AssertIsOneLine(second);
        Assert.That(first.HasExited, Is.False);
    }

    // 192.0.2.0/24 is reserved for documentation.
    [Test]
    public async Task An_address_of_another_machine_is_reported()
    {
        await using var server = ServerChild.Launch("--port", $"{Ports.Next()}", "--host", "192.0.2.1");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(CannotListen));
        AssertIsOneLine(server);
        Assert.That(server.Errors, Does.Contain("192.0.2.1").And.Contain("--host"));
    }

    [Test]
    public async Task Port_80_without_permission_is_reported()
    {
        var firstFree = File.ReadAllText("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        if (int.Parse(firstFree, CultureInfo.InvariantCulture) <= WellKnownPort)
            Assert.Ignore("Every user may listen on port 80 on this machine.");
        if (Environment.UserName == "root" && !File.Exists("/usr/bin/setpriv"))
            Assert.Ignore("setpriv is missing.");
        string[] command = Environment.UserName == "root"
            ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
            : [];
        await using var server = ServerChild.Launch(command, new Dictionary<string, string> { ["HOME"] = "/tmp" }, 0,
            ["--port", $"{WellKnownPort}"]);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(CannotListen));
        AssertIsOneLine(server);
        Assert.That(server.Errors, Does.Contain("80").And.Contain("permission").And.Contain("--port 8080"));
    }

    private static void AssertIsOneLine(ServerChild server)
    {
        Assert.That(server.Output, Is.Empty);
        Assert.That(server.Errors.TrimEnd('\n'), Does.StartWith("turnserver: ").And.Not.Contain("\n"));
        Assert.That(server.Errors, Does.Not.Contain("Exception"));
    }
}
