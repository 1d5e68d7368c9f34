using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>A fresh Debian in a folder, made with debootstrap; gone when disposed.</summary>
internal sealed class Chroot : IAsyncDisposable
{
    private const string MirrorUnknown = "http://deb.debian.org/debian";
    private const string Suite = "bookworm";

    // It loads some 60 MB from a mirror.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // It is entered in mount and process namespaces of its own: when its first process ends, so does all that it has
    // started or mounted.
    private static readonly string[] Enter =
    [
        "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
        "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" \"$@\"",
    ];

    private Chroot(string root) => Root = root;

    /// <summary>Where it is, seen from outside.</summary>
    public string Root { get; }

    /// <summary>Makes one, with these packages beside the essential ones.</summary>
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
            // A service is not to be started here: nothing would run it.
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

    /// <summary>Runs a command in it that is to succeed. Returns what it printed.</summary>
    public Task<string> RunInsideAsync(string command) =>
        RunAsync("unshare",
            [.. Enter, Root, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "sh", "-ec", command]);

    /// <summary>A file in it, seen from outside.</summary>
    public string PathOf(string file) => Root + file;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(new ProcessStartInfo(program, arguments), Patience);
        Assert.That(exitCode, Is.Zero, $"{program} {arguments[^1]}: {output}{errors}");
        return output + errors;
    }

    // The machine's own, where it is a Debian.
    private static string Mirror()
    {
        string[] files = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
        return files.Where(File.Exists).SelectMany(File.ReadLines).SelectMany(line => line.Split(' '))
            .FirstOrDefault(word => word.StartsWith("http", StringComparison.Ordinal)
                && word.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal)) ?? MirrorUnknown;
    }
}
