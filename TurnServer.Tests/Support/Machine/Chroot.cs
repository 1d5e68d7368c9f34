using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>A minimal Debian in a temporary directory, made with debootstrap.</summary>
internal sealed class Chroot : IAsyncDisposable
{
    private const string DefaultMirror = "http://deb.debian.org/debian";
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

    /// <summary>Creates one with these packages and the essential ones.</summary>
    public static async Task<Chroot> CreateAsync(params string[] packages)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("Only root can make a chroot.");
        var debootstrap = Tool.Require("debootstrap");
        var chroot = new Chroot(Directory.CreateTempSubdirectory("turnserver-chroot-").FullName);
        try
        {
            await RunAsync(debootstrap, "--variant=minbase", $"--include={string.Join(',', packages)}", Suite,
                chroot.Root, Mirror());
            // Keeps packages from starting services.
            await File.WriteAllTextAsync(Path.Combine(chroot.Root, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n");
            File.SetUnixFileMode(Path.Combine(chroot.Root, "usr/sbin/policy-rc.d"),
                (UnixFileMode)Convert.ToInt32("755", 8));
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
        RunAsync("unshare",
            [.. Enter, Root, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "sh", "-ec", command]);

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

    // The mirror of this machine, if it is a Debian.
    private static string Mirror()
    {
        string[] files = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
        return files.Where(File.Exists).SelectMany(File.ReadLines).SelectMany(line => line.Split(' '))
            .FirstOrDefault(word => word.StartsWith("http", StringComparison.Ordinal)
                && word.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal)) ?? DefaultMirror;
    }
}
