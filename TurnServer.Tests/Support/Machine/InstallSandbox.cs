using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>
/// Runs <c>run.sh install</c> and <c>uninstall</c> harmlessly: below a DESTDIR, or as root in a mount namespace in
/// which /opt, /run and parts of /etc are temporary and systemctl and journalctl are stubs.
/// </summary>
internal sealed class InstallSandbox : IDisposable
{
    // Bind mounts over the machine's directories, seen in this namespace only; "$0" is the root, "$@" the command.
    private const string Enter = """
        set -e
        for folder in /opt /run /etc/systemd/system /etc/default; do mount --bind "$0/machine$folder" "$folder"; done
        export PATH="$0/bin:$PATH"
        exec "$@"
        """;

    // The script itself waits for the server's health.
    private static readonly TimeSpan InstallTimeout = TestWait.Timeout * 3;

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

    /// <summary>A stub in place of the server's binary.</summary>
    public string Binary { get; }

    /// <summary>The DESTDIR, or the root of the temporary directories.</summary>
    public string Machine => Path.Combine(_root, "machine");

    /// <summary>The command lines of the calls to stub programs.</summary>
    public string[] Calls => File.Exists(CallsFile) ? File.ReadAllLines(CallsFile) : [];

    /// <summary>The files below <see cref="Machine"/>, as absolute paths of the simulated machine.</summary>
    public string[] Files => [.. Directory.GetFiles(Machine, "*", SearchOption.AllDirectories)
        .Select(path => path[Machine.Length..]).Order(StringComparer.Ordinal)];

    private string CallsFile => Path.Combine(_root, "calls");

    /// <summary>Replaces a program by a stub whose calls are recorded.</summary>
    public void Fake(string program, string body) =>
        WriteProgram(Path.Combine(_root, "bin", program), $"echo \"{program} $*\" >>'{CallsFile}'\n{body}");

    public string Read(string file) => File.ReadAllText(Machine + file);

    public void Write(string file, string text) => File.WriteAllText(Machine + file, text);

    /// <summary>Runs run.sh with DESTDIR set.</summary>
    public Task<(int ExitCode, string Output, string Errors)> RunWithDestDirAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.RunScript, arguments);
        start.Environment["DESTDIR"] = Machine;
        return Tool.RunAsync(start, TestWait.Timeout);
    }

    /// <summary>Runs run.sh as root on the simulated machine; ignores the test unless it runs as root.</summary>
    public Task<(int ExitCode, string Output, string Errors)> RunAsRootAsync(params string[] arguments)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("Only root can create a mount namespace.");
        return Tool.RunAsync(new ProcessStartInfo("unshare",
            ["--mount", "bash", "-c", Enter, _root, Repository.RunScript, .. arguments]), InstallTimeout);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void WriteProgram(string path, string body)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32("755", 8));
    }
}
