using System.Diagnostics;
using System.Reflection;

namespace TurnServer.Bench.Processes;

/// <summary>How benchmarks start the server and themselves.</summary>
internal static class Programs
{
    // The build that run.sh starts: the copy beside this program may lack parts that the ASP.NET framework provides.
    private static readonly string ServerAssembly = Metadata("ServerAssembly");
    private static readonly string BenchAssembly = Path.Combine(AppContext.BaseDirectory, "TurnServer.Bench.dll");

    /// <summary>Flags that turn off the limits for each address: all load comes from one.</summary>
    public static IReadOnlyList<string> NoLimits { get; } =
        ["--players-per-address", "0", "--requests-per-second", "0", "--connections-per-address", "0"];

    /// <summary>The host of framework-dependent programs.</summary>
    public static string Dotnet { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>The server's project file.</summary>
    public static string ServerProject { get; } = Metadata("ServerProject");

    /// <summary>The server on this port.</summary>
    /// <param name="port">The value of <c>--port</c>.</param>
    /// <param name="flags">Further flags.</param>
    /// <param name="program">Another build, by the path of its executable.</param>
    public static ProcessStartInfo Server(int port, IEnumerable<string> flags, string? program = null) =>
        program is null
            ? new ProcessStartInfo(Dotnet, [ServerAssembly, "--port", $"{port}", .. flags])
            : new ProcessStartInfo(Path.GetFullPath(program), ["--port", $"{port}", .. flags]);

    /// <summary>This program with other arguments.</summary>
    public static ProcessStartInfo Bench(params string[] arguments) => new(Dotnet, [BenchAssembly, .. arguments]);

    private static string Metadata(string key) => typeof(Programs).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == key).Value!;
}
