using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>A minimal Debian in a temporary directory, made with debootstrap.</summary>
internal sealed class Chroot : IAsyncDisposable
{
    private const string Suite = "bookworm";

    // debootstrap downloads about 60 MB.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    // New mount and PID namespaces: when the first process exits, its children are killed and its mounts go.
    private static readonly string[] Enter =
    [
        "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
        "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" \"$@\"",
    ];

    private Chroot(string root) => Root = root;

    /// <summary>Its directory on this machine.</summary>
    public string Root { get; }

    /// <summary>Creates one with these packages and the essential ones. Its packages do not start services.</summary>
    public static async Task<Chroot> CreateAsync(params string[] packages)
    {
        var chroot = await TryCreateAsync(Assert.Fail, packages);
        var policy = chroot.PathOf("/usr/sbin/policy-rc.d");
        await File.WriteAllTextAsync(policy, "#!/bin/sh\nexit 101\n");
        File.SetUnixFileMode(policy, (UnixFileMode)Convert.ToInt32("755", 8));
        return chroot;
    }

    /// <summary>Creates one whose packages may start services.</summary>
    /// <param name="fail">Called if debootstrap fails, with the reason; ends the test.</param>
    /// <param name="packages">Packages besides the essential ones.</param>
    public static async Task<Chroot> TryCreateAsync(Action<string> fail, params string[] packages)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("Only root can make a chroot.");
        var debootstrap = Tool.Require("debootstrap");
        var chroot = new Chroot(Directory.CreateTempSubdirectory("turnserver-chroot-").FullName);
        try
        {
            string[] arguments = ["--variant=minbase", $"--include={string.Join(',', packages)}", Suite, chroot.Root];
            var (exitCode, output, errors) = await Tool.RunAsync(
                new ProcessStartInfo(debootstrap, [.. arguments, .. await MirrorAsync()]), Timeout);
            if (exitCode != 0)
                fail($"debootstrap: {string.Join('\n', (output + errors).Split('\n').TakeLast(20))}");
            // Services do not run as root, and must be able to enter the root directory.
            File.SetUnixFileMode(chroot.Root, (UnixFileMode)Convert.ToInt32("755", 8));
            return chroot;
        }
        catch
        {
            await chroot.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command inside and asserts that it succeeds. Returns its output.</summary>
    public Task<string> RunInsideAsync(string command) =>
        // The tests' temporary directory does not exist inside.
        RunAsync("unshare",
            [.. Enter, Root, "env", "-u", "TMPDIR", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "sh", "-ec",
                command]);

    /// <summary>The path on this machine of a file inside.</summary>
    public string PathOf(string file) => Root + file;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(new ProcessStartInfo(program, arguments), Timeout);
        Assert.That(exitCode, Is.Zero, $"{program} {arguments[^1]}: {output}{errors}");
        return output + errors;
    }

    // The Debian mirror that apt uses on this machine; if there is none, debootstrap's default.
    private static async Task<string[]> MirrorAsync()
    {
        var (_, output, _) = await Tool.RunAsync("apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN)",
            "Created-By: Packages");
        return [.. output.Split('\n').Select(line => line.Split(' '))
            .Where(words => words[^1] == "Debian" || words[0].EndsWith("/debian", StringComparison.Ordinal))
            .Select(words => words[0]).Take(1)];
    }
}
