using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>
/// A Debian booted by systemd-nspawn, with systemd as process 1 and no network except its own loopback interface.
/// </summary>
internal sealed class SystemdMachine : IAsyncDisposable
{
    private const string CgroupRoot = "/sys/fs/cgroup";

    private static readonly TimeSpan BootTimeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromMinutes(2);

    private static readonly string[] Packages =
        ["systemd", "systemd-sysv", "dbus", "curl", "procps", "libssl3", "init-system-helpers"];

    private readonly Chroot _tree;
    private readonly Process _nspawn;
    private readonly string[] _cgroupsBefore = Cgroups();
    private readonly StringBuilder _console = new();
    private string? _init;

    private SystemdMachine(Chroot tree, string nspawn)
    {
        _tree = tree;
        string[] arguments =
        [
            "--quiet", $"--directory={tree.Root}", $"--machine=turnserver-{Environment.ProcessId}", "--boot",
            "--private-network", "--register=no", "--keep-unit", "--console=pipe",
        ];
        _nspawn = new Process
        {
            StartInfo = new ProcessStartInfo(nspawn, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _nspawn.OutputDataReceived += Record;
        _nspawn.ErrorDataReceived += Record;
        _nspawn.Start();
        _nspawn.StandardInput.Close();
        _nspawn.BeginOutputReadLine();
        _nspawn.BeginErrorReadLine();
    }

    /// <summary>Boots one; ignores the test, with the reason, on a machine that cannot.</summary>
    /// <param name="file">Copied into its root directory.</param>
    public static async Task<SystemdMachine> BootAsync(string file)
    {
        var nspawn = Tool.Require("systemd-nspawn", "systemd-container");
        var tree = await Chroot.TryCreateAsync(Assert.Ignore, Packages);
        File.Copy(file, tree.PathOf("/" + Path.GetFileName(file)));
        var machine = new SystemdMachine(tree, nspawn);
        var startedAt = Stopwatch.GetTimestamp();
        while (!await machine.IsRunningAsync())
        {
            if (machine._nspawn.HasExited || Stopwatch.GetElapsedTime(startedAt) > BootTimeout)
            {
                await machine.DisposeAsync();
                Assert.Ignore($"systemd-nspawn cannot boot a machine here: {machine.ConsoleText()}");
            }

            await Task.Delay(100);
        }

        return machine;
    }

    /// <summary>Runs a shell command inside.</summary>
    /// <returns>Its exit code, and its output without the last line feed.</returns>
    public async Task<(int ExitCode, string Output)> TryRunAsync(string command)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(new ProcessStartInfo("nsenter",
        [
            "--target", _init!, "--all", "env", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", command,
        ]), CommandTimeout);
        return (exitCode, (output + errors).TrimEnd('\n'));
    }

    /// <summary>Runs a shell command inside and asserts that it succeeds.</summary>
    public async Task<string> RunAsync(string command)
    {
        var (exitCode, output) = await TryRunAsync(command);
        Assert.That(exitCode, Is.Zero, $"{command}: {output}");
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        // Without its process 1 the kernel ends all others.
        if (_init is not null)
            await Tool.RunAsync("kill", "-KILL", _init);
        else if (!_nspawn.HasExited)
            _nspawn.Kill(entireProcessTree: true);
        await _nspawn.WaitForExitAsync().WaitAsync(CommandTimeout);
        _nspawn.Dispose();
        foreach (var cgroup in Cgroups().Except(_cgroupsBefore))
            await Tool.RunAsync("find", cgroup, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";");
        await _tree.DisposeAsync();
    }

    // systemd-nspawn leaves these groups behind.
    private static string[] Cgroups() =>
    [
        .. new[] { "", "/systemd", "/unified" }
            .SelectMany(hierarchy => new[] { $"{hierarchy}/payload", $"{hierarchy}/supervisor" })
            .Select(group => CgroupRoot + group).Where(Directory.Exists),
    ];

    private async Task<bool> IsRunningAsync()
    {
        _init ??= FindInit();
        return _init is not null
            && (await TryRunAsync("systemctl is-system-running")).Output is "running" or "degraded";
    }

    // The child that is process 1 in a namespace of its own.
    private string? FindInit()
    {
        var parent = string.Create(CultureInfo.InvariantCulture, $"PPid:\t{_nspawn.Id}");
        foreach (var process in Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(path[6])))
        {
            try
            {
                var lines = File.ReadAllLines(Path.Combine(process, "status"));
                if (lines.Contains(parent) && lines.Any(line => line.StartsWith("NSpid:", StringComparison.Ordinal)
                    && line.EndsWith("\t1", StringComparison.Ordinal)))
                {
                    return Path.GetFileName(process);
                }
            }
            catch (IOException)
            {
                // The process has exited.
            }
        }

        return null;
    }

    private void Record(object sender, DataReceivedEventArgs line)
    {
        lock (_console)
            _console.Append(line.Data).Append('\n');
    }

    private string ConsoleText()
    {
        lock (_console)
            return string.Join('\n', _console.ToString().Trim().Split('\n').TakeLast(20));
    }
}
