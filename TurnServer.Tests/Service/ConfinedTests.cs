using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary>
/// The published binary under the unit's restrictions: as nobody, with one capability, without memory that is writable
/// and executable, and with only the unit's system calls and socket families.
/// </summary>
[Category("Slow")]
internal sealed class ConfinedTests
{
    // What needs root: a /proc with hidepid, and an unprivileged user who may bind ports below 1024.
    private static readonly string[] AsNobody =
    [
        "unshare", "--mount", "sh", "-c",
        "mount -t proc -o hidepid=invisible proc /proc && exec \"$@\"", "sh",
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
        "--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service",
        "--bounding-set=-all,+net_bind_service",
    ];

    private readonly TempFolder _folder = new("turnserver-confined-");

    private string _binary = "";

    [OneTimeSetUp]
    public async Task BuildAsync()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("Only root can switch to the user nobody.");
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)Convert.ToInt32("755", 8));
        // Readable by the user nobody.
        _binary = _folder.PathOf("turnserver");
        File.Copy(await PublishedServer.PathAsync(), _binary);
        await File.WriteAllTextAsync(_folder.PathOf("allowed.h"), await AllowedAsync());
        var (exitCode, _, errors) = await Tool.RunAsync(Tool.Require("gcc"), "-Wall", "-Werror", "-I", _folder.Path,
            "-o", _folder.PathOf("confine"), Path.Combine(AppContext.BaseDirectory, "Service", "confine.c"));
        Assert.That((exitCode, errors), Is.EqualTo((0, "")));
    }

    [OneTimeTearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public async Task A_game_is_played_and_the_server_stops_cleanly()
    {
        await using var server = await ServerChild.StartProgramAsync(Confined(_binary));
        await using var pair = await RawPair.StartAsync(server.Port, "Confined");
        await pair.Players[0].SendAsync(RawHttp.Post(pair.Update(0, 0, ""), "Prefer: wait=20"));
        Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 0, "e2-e4"))).Body, Is.EqualTo("0/10/*"));
        Assert.That((await pair.Players[0].ReadReplyAsync()).Body, Is.EqualTo("0/9/e2-e4"));
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
        Assert.That(server.Errors, Does.Contain("Stopped on SIGTERM"));
        Assert.That(server.Errors, Does.Not.Contain("warn:").And.Not.Contain("fail:"));
    }

    [Test]
    public async Task A_game_continues_after_a_crash()
    {
        var state = _folder.PathOf("state");
        Directory.CreateDirectory(state);
        Assert.That((await Tool.RunAsync("chown", "65534:65534", state)).ExitCode, Is.Zero);
        string question;
        await using (var killed = await ServerChild.StartProgramAsync(Confined(_binary), "--state", state))
        {
            await using var pair = await RawPair.StartAsync(killed.Port, "Confined");
            Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 0, "e2-e4"))).Body, Is.EqualTo("0/10/*"));
            question = pair.Update(0, 0, "");
        }

        await using var server = await ServerChild.StartProgramAsync(Confined(_binary), "--state", state);
        await using var player = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await player.PostAsync(question)).Body, Is.EqualTo("0/9/e2-e4"));
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
        Assert.That(server.Errors, Does.Contain("Recovered state")
            .And.Not.Contain("warning:").And.Not.Contain("error:").And.Not.Contain("critical:"));
    }

    [Test]
    public async Task A_port_below_1024_can_be_bound()
    {
        // Unassigned by IANA, so hardly in use.
        const int Port = 1023;
        await using var server = ServerChild.LaunchProgram([.. Confined(_binary), "--port", $"{Port}"], null, Port);
        await server.WaitUntilListeningAsync();
    }

    /// <summary>This is why the published binary is compiled ahead of time.</summary>
    [Test]
    public async Task A_build_that_needs_the_JIT_does_not_start()
    {
        var start = new ProcessStartInfo(_folder.PathOf("confine"), [.. OrdinaryBuild, "--version"]);
        Assert.That((await Tool.RunAsync(start, TestWait.Timeout)).ExitCode, Is.Not.Zero);
    }

    private static IEnumerable<string> OrdinaryBuild =>
        ["dotnet", Path.Combine(AppContext.BaseDirectory, "turnserver.dll")];

    private string[] Confined(string binary) => [.. AsNobody, _folder.PathOf("confine"), binary];

    // The system calls that the unit allows, as lines of the filter in confine.c, for those this architecture has.
    private static async Task<string> AllowedAsync()
    {
        var allowed = await ExpandAsync("@default");
        foreach (var (name, value) in UnitTests.Settings().Where(line => line.Name == "SystemCallFilter"))
        {
            foreach (var set in value.TrimStart('~').Split(' '))
            {
                if (value[0] == '~')
                    allowed.ExceptWith(await ExpandAsync(set));
                else
                    allowed.UnionWith(await ExpandAsync(set));
            }
        }

        // confine.c starts the server with it.
        allowed.Add("execve");
        var text = new StringBuilder();
        foreach (var call in allowed.Order(StringComparer.Ordinal))
            text.Append($"#ifdef SYS_{call}\nALLOW(SYS_{call}),\n#endif\n");
        return text.ToString();
    }

    private static async Task<HashSet<string>> ExpandAsync(string set)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(Tool.Require("systemd-analyze", "systemd"),
            "syscall-filter", "--no-pager", set);
        Assert.That(exitCode, Is.Zero, errors);
        var calls = new HashSet<string>();
        foreach (var line in output.Split('\n').Skip(1).Select(line => line.Trim()))
        {
            if (line.StartsWith('@'))
                calls.UnionWith(await ExpandAsync(line));
            else if (line.Length > 0 && line[0] != '#')
                calls.Add(line);
        }

        return calls;
    }
}
