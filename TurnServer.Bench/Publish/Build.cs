using System.Diagnostics;
using System.Runtime.InteropServices;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Publish;

/// <summary>One way to publish and run the server.</summary>
/// <param name="Name">The name of its row.</param>
/// <param name="Folder">The folder to publish to, below a common root; builds that share it are published once.</param>
/// <param name="Properties">Arguments of <c>dotnet publish</c>.</param>
/// <param name="Environment">Environment variables to run it with.</param>
internal sealed record Build(string Name, string Folder, string[] Properties, (string Name, string Value)[] Environment)
{
    // 64 MB in hexadecimal, as in the systemd unit; without 0x, which NativeAOT does not parse.
    private const string LargeYoungestGeneration = "4000000";

    private static readonly TimeSpan PublishTimeout = TimeSpan.FromMinutes(10);

    private static readonly string[] JustInTime = ["-p:PublishAot=false"];
    private static readonly string[] ReadyToRun = ["-p:PublishAot=false", "-p:PublishReadyToRun=true"];
    private static readonly (string, string)[] LargeGen0 = [("DOTNET_GCgen0size", LargeYoungestGeneration)];

    /// <summary>All builds.</summary>
    public static IReadOnlyList<Build> All { get; } =
    [
        new("self-contained", "jit", JustInTime, []),
        new("ReadyToRun", "r2r", ReadyToRun, []),
        new("NativeAOT", "aot", [], []),
        new("self-contained, 64 MB gen0", "jit", JustInTime, LargeGen0),
        new("NativeAOT, 64 MB gen0", "aot", [], LargeGen0),
    ];

    /// <summary>Publishes it, unless a build with the same folder was published.</summary>
    /// <exception cref="BenchException">It cannot be published.</exception>
    public async Task PublishAsync(string root)
    {
        var folder = Path.Combine(root, Folder);
        if (Directory.Exists(folder))
            return;
        var start = new ProcessStartInfo(Programs.Dotnet, ["publish", Programs.ServerProject, "-c", "Release",
            "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "--nologo", "-v", "quiet", "-o", folder,
            .. Properties])
        {
            RedirectStandardOutput = true,
        };
        using var process = ChildProcess.Start(start);
        if (await process.ExitAsync(PublishTimeout) != 0)
            throw new BenchException($"dotnet publish failed: {process.Output}");
    }

    /// <summary>How to start it on a port.</summary>
    public ProcessStartInfo Start(string root, int port)
    {
        var start = new ProcessStartInfo(Path.Combine(root, Folder, "turnserver"), ["--port", $"{port}"]);
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        return start;
    }

    /// <summary>Size of its files without debug symbols.</summary>
    public double Megabytes(string root) => new DirectoryInfo(Path.Combine(root, Folder)).EnumerateFiles()
        .Where(file => file.Extension is not (".dbg" or ".pdb")).Sum(file => file.Length) / 1048576.0;
}
