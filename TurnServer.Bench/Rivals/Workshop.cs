using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Rivals;

/// <summary>The folder in which rivals are installed and built.</summary>
/// <param name="folder">The folder; Git ignores the default one.</param>
/// <param name="isJit">Whether the C# servers run on the JIT compiler instead of being compiled ahead of time.</param>
/// <param name="output">For what is installed.</param>
internal sealed class Workshop(string folder, bool isJit, TextWriter output)
{
    private const string Relay = "relay";
    private const string Server = "server";

    private static readonly TimeSpan InstallTimeout = TimeSpan.FromMinutes(15);
    private static readonly Assembly Here = typeof(Workshop).Assembly;
    private static readonly string ProjectFolder = Metadata("BenchFolder");

    private readonly string _folder = Path.GetFullPath(folder);

    // What has been installed or has failed in this run.
    private readonly Dictionary<string, Task> _steps = [];

    /// <summary>Where programs are installed if nothing else is said.</summary>
    public static string DefaultFolder { get; } = Path.Combine(ProjectFolder, "bin", "rivals");

    /// <summary>This server, as <c>./run.sh publish</c> builds it and the unit starts it.</summary>
    /// <exception cref="BenchException">It cannot be built.</exception>
    public async Task<ProcessStartInfo> ServerAsync(int port, IEnumerable<string> flags)
    {
        if (isJit)
            return Programs.Server(port, flags);
        await OnceAsync(Server, () => PublishAsync(Programs.ServerProject, Server));
        return Programs.Server(port, flags, Path.Combine(_folder, Server, "turnserver"));
    }

    /// <summary>One of the bare relays, by its command.</summary>
    /// <exception cref="BenchException">It cannot be built.</exception>
    public async Task<ProcessStartInfo> RelayAsync(string command, int port)
    {
        string[] arguments = [command, "--port", $"{port}"];
        if (isJit)
            return Programs.Bench(arguments);
        await OnceAsync(Relay, () =>
        {
            var project = Path.Combine(_folder, "relay-source");
            Directory.CreateDirectory(project);
            Extract("relay.csproj.txt", Path.Combine(project, "relay.csproj"));
            Extract("relay.program.txt", Path.Combine(project, "Program.cs"));
            return PublishAsync(Path.Combine(project, "relay.csproj"), Relay,
                $"-p:RelaySources={Path.Combine(ProjectFolder, "Rivals", "Servers")}");
        });
        return new ProcessStartInfo(Path.Combine(_folder, Relay, Relay), arguments);
    }

    /// <summary>A program for Node.js.</summary>
    /// <param name="script">Its file.</param>
    /// <param name="port">Its port.</param>
    /// <param name="needsPackages">Whether it needs more than Node.js.</param>
    /// <exception cref="BenchException">Node.js or a package cannot be had.</exception>
    public async Task<ProcessStartInfo> NodeAsync(string script, int port, bool needsPackages)
    {
        Directory.CreateDirectory(_folder);
        await OnceAsync("node", () => RunAsync("Node.js", new ProcessStartInfo("node", ["--version"])));
        if (needsPackages)
            await OnceAsync("npm", InstallPackagesAsync);
        var path = Path.Combine(_folder, script);
        Extract(script, path);
        return new ProcessStartInfo("node", [path, $"{port}"])
        {
            // What express, in Colyseus, and others take for the signal to leave out checks and stack traces.
            Environment = { ["NODE_ENV"] = "production" },
        };
    }

    /// <summary>nginx with a reply that is in its configuration.</summary>
    /// <exception cref="BenchException">nginx is not installed.</exception>
    public async Task<ProcessStartInfo> NginxAsync(int port)
    {
        var place = Path.Combine(_folder, "nginx");
        Directory.CreateDirectory(place);
        var program = File.Exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
        await OnceAsync(program, () => RunAsync("nginx", new ProcessStartInfo(program, ["-v"])));
        var configuration = Path.Combine(place, "nginx.conf");
        Extract("nginx.conf", configuration);
        await File.WriteAllTextAsync(configuration,
            (await File.ReadAllTextAsync(configuration)).Replace("PORT", $"{port}", StringComparison.Ordinal));
        return new ProcessStartInfo(program, ["-e", "stderr", "-p", place, "-c", configuration]);
    }

    private Task InstallPackagesAsync()
    {
        var (wanted, had) = (Path.Combine(_folder, "package.json"), Path.Combine(_folder, "installed.json"));
        Extract("package.json", wanted);
        if (File.Exists(had) && File.ReadAllText(had) == File.ReadAllText(wanted))
            return Task.CompletedTask;
        return InstallAsync();

        async Task InstallAsync()
        {
            await output.WriteLineAsync($"installing Colyseus and socket.io into {_folder}");
            await RunAsync("npm install", new ProcessStartInfo("npm",
                ["install", "--no-audit", "--no-fund", "--omit=dev", "--prefix", _folder])
            {
                WorkingDirectory = _folder,
            });
            File.Copy(wanted, had, overwrite: true);
        }
    }

    // dotnet publish itself sees what is up to date.
    private async Task PublishAsync(string project, string name, params string[] properties)
    {
        var into = Path.Combine(_folder, name);
        await output.WriteLineAsync($"compiling {name} ahead of time into {into}, a minute or two");
        await RunAsync("dotnet publish", new ProcessStartInfo(Programs.Dotnet, ["publish", project, "-c", "Release",
            "-r", RuntimeInformation.RuntimeIdentifier, "--nologo", "-v", "quiet", "-nodeReuse:false",
            "-o", into, .. properties]));
    }

    private static async Task RunAsync(string what, ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        await using var process = Started();
        try
        {
            if (await process.ExitAsync(InstallTimeout) == 0)
                return;
        }
        catch (TimeoutException)
        {
            throw new BenchException($"{what} took more than {InstallTimeout.TotalMinutes} minutes");
        }

        throw new BenchException($"{what} failed: {LastLine(process.Errors) ?? LastLine(process.Output)}");

        ChildProcess Started()
        {
            try
            {
                return ChildProcess.Start(start);
            }
            catch (Win32Exception)
            {
                throw new BenchException($"{start.FileName} is not installed");
            }
        }
    }

    private static string? LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();

    // A step that several rivals need runs, or fails, once.
    private Task OnceAsync(string name, Func<Task> step)
    {
        if (!_steps.TryGetValue(name, out var running))
            _steps.Add(name, running = step());
        return running;
    }

    private static void Extract(string resource, string path)
    {
        using var from = Here.GetManifestResourceStream($"rivals/{resource}")!;
        using var to = File.Create(path);
        from.CopyTo(to);
    }

    private static string Metadata(string key) =>
        Here.GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == key).Value!;
}
