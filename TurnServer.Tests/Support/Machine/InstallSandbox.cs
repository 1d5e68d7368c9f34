using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>
/// <c>run.sh install</c> and <c>uninstall</c> where they do no harm: below a DESTDIR, or as root in a mount namespace
/// of their own in which /opt, /run and the folders in /etc are temporary, and systemctl and journalctl are others.
/// </summary>
internal sealed class InstallSandbox : IDisposable
{
    // Its own folders in place of the machine's, which nobody else sees; "$0" is its root, the rest the command.
    private const string Enter = """
        set -e
        for folder in /opt /run /etc/systemd/system /etc/default; do mount --bind "$0/machine$folder" "$folder"; done
        export PATH="$0/bin:$PATH"
        exec "$@"
        """;

    // It waits for the server to answer as long as others wait for all.
    private static readonly TimeSpan HealthPatience = TestWait.Timeout * 3;

    private readonly string _root = Directory.CreateTempSubdirectory("turnserver-install-").FullName;

    public InstallSandbox()
    {
        foreach (var folder in new[] { "opt", "run/systemd/system", "etc/systemd/system", "etc/default" })
            Directory.CreateDirectory(Path.Combine(Machine, folder));
        Directory.CreateDirectory(Path.Combine(_root, "bin"));
        Binary = Path.Combine(_root, "turnserver");
        WriteProgram(Binary, "echo a server");
        Fake("systemctl", "");
        Fake("journalctl", "echo the last line of the journal");
        Fake("dpkg-query", "exit 1");
    }

    /// <summary>What stands for a server that has been built.</summary>
    public string Binary { get; }

    /// <summary>Where DESTDIR points, or what the folders of the machine are.</summary>
    public string Machine => Path.Combine(_root, "machine");

    /// <summary>How the programs that are not the machine's own were called, a line for each.</summary>
    public string[] Calls => File.Exists(CallsFile) ? File.ReadAllLines(CallsFile) : [];

    /// <summary>Its files, without those that come with an empty one.</summary>
    public string[] Files => [.. Directory.GetFiles(Machine, "*", SearchOption.AllDirectories)
        .Select(path => path[Machine.Length..]).Order(StringComparer.Ordinal)];

    private string CallsFile => Path.Combine(_root, "calls");

    /// <summary>Puts another program in the place of the machine's; its calls are recorded.</summary>
    public void Fake(string program, string body) =>
        WriteProgram(Path.Combine(_root, "bin", program), $"echo \"{program} $*\" >>'{CallsFile}'\n{body}");

    public string Read(string file) => File.ReadAllText(Machine + file);

    public void Write(string file, string text) => File.WriteAllText(Machine + file, text);

    /// <summary>Runs run.sh with DESTDIR.</summary>
    public Task<(int ExitCode, string Output, string Errors)> RunBelowAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.RunScript, arguments);
        start.Environment["DESTDIR"] = Machine;
        return Tool.RunAsync(start, TestWait.Timeout);
    }

    /// <summary>Runs run.sh as root, as on a machine with systemd; passes the test over where nobody is root.</summary>
    public Task<(int ExitCode, string Output, string Errors)> RunAsRootAsync(params string[] arguments)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("Only root has a mount namespace of its own.");
        return Tool.RunAsync(new ProcessStartInfo("unshare",
            ["--mount", "bash", "-c", Enter, _root, Repository.RunScript, .. arguments]), HealthPatience);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void WriteProgram(string path, string body)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32("755", 8));
    }
}
