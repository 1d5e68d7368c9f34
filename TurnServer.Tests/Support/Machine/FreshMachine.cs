using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>
/// A copy of the scripts on a simulated machine without .NET: an empty home directory, a PATH of few programs, and
/// stubs for apt and for dotnet-install.sh, which installs a stub for the SDK. Nothing is downloaded.
/// </summary>
internal sealed class FreshMachine : IDisposable
{
    // Records its calls; a build leaves the file that run.sh expects.
    private const string Dotnet = """
        #!/bin/bash
        case $1 in
            --list-sdks)
                echo "10.0.100 [/stub/sdk]"
                exit
                ;;
            build)
                mkdir -p "$2/bin/Release/net10.0"
                touch "$2/bin/Release/net10.0/turnserver.dll"
                ;;
            test)
                . "$(dirname "$CALLS")/test-run"
                ;;
        esac
        printf 'dotnet' >>"$CALLS"
        printf ' %s' "$@" >>"$CALLS"
        printf ' [invariant %s, script %s]\n' \
            "$DOTNET_SYSTEM_GLOBALIZATION_INVARIANT" "$TURNSERVER_DOTNET_INSTALL" >>"$CALLS"
        """;

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly string[] Programs =
    [
        "awk", "basename", "bash", "cat", "chmod", "cp", "dirname", "env", "find", "mkdir", "mktemp", "readlink", "rm",
        "paste", "sed", "sh", "sort", "tee", "touch", "uname",
    ];

    private static readonly string[] Copied =
    [
        "run.sh", "global.json", "Directory.Build.props", "TurnServer/Service/tools.sh",
        "TurnServer/Service/install.sh", "TurnServer/Service/package.sh", "TurnServer.Tests/Fuzz/fuzz.sh",
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("turnserver-fresh-").FullName;

    public FreshMachine()
    {
        foreach (var program in Programs)
            File.CreateSymbolicLink(MakeFolderFor($"bin/{program}"), Tool.Require(program));
        foreach (var file in Copied)
            File.Copy(Path.Combine(Repository.Root, file), MakeFolderFor($"clone/{file}"));
        File.WriteAllText(MakeFolderFor("sdk/dotnet"), Dotnet);
        Stub(InstallScript, $"""
            while [[ $1 != --install-dir ]]; do shift; done
            mkdir -p "$2"
            cp '{_root}/sdk/dotnet' "$2"
            chmod +x "$2/dotnet"
            """);
        // apt offers nothing; sudo only passes the command on.
        Stub("apt-cache", "echo '  Candidate: (none)'");
        Stub("apt-config", $"echo \"lists='{_root}/lists'\"");
        Stub("apt-get", "");
        Stub("sudo", "[[ $1 == -n ]] && shift\nexec \"$@\"");
        File.WriteAllText(MakeFolderFor("lists/mirror_main_binary-amd64_Packages"), "");
    }

    /// <summary>The stub for dotnet-install.sh.</summary>
    public string InstallScript => Path.Combine(_root, "bin", "dotnet-install.sh");

    /// <summary>Where run.sh installs an SDK.</summary>
    public string OwnSdk => Path.Combine(_root, "home", ".dotnet");

    /// <summary>The calls of the stubs, one a line, since the last time that this was read.</summary>
    public string[] TakeCalls()
    {
        var path = Path.Combine(_root, "calls");
        if (!File.Exists(path))
            return [];
        var calls = File.ReadAllLines(path);
        File.Delete(path);
        return calls;
    }

    /// <summary>Replaces a program; its calls are recorded.</summary>
    public void Stub(string program, string body)
    {
        var path = Path.Combine(_root, "bin", program);
        File.WriteAllText(path, $"#!/bin/bash\necho \"{Path.GetFileName(program)} $*\" >>\"$CALLS\"\n{body}\n");
        File.SetUnixFileMode(path, Executable);
    }

    /// <summary>Installs the stub for the SDK, whose <c>dotnet test</c> is a script.</summary>
    public void InstallSdk(string testRun)
    {
        File.Copy(Path.Combine(_root, "sdk", "dotnet"), Path.Combine(_root, "bin", "dotnet"));
        File.SetUnixFileMode(Path.Combine(_root, "bin", "dotnet"), Executable);
        File.WriteAllText(Path.Combine(_root, "test-run"), testRun);
    }

    /// <summary>The body of a stub that installs the SDK as the distribution's package does.</summary>
    public string InstallsPackage => $"""
        [[ $1 == install ]] || exit 0
        cp '{_root}/sdk/dotnet' '{_root}/bin/dotnet'
        chmod +x '{_root}/bin/dotnet'
        """;

    /// <summary>Removes apt's package lists.</summary>
    public void RemoveLists() => Directory.Delete(Path.Combine(_root, "lists"), recursive: true);

    /// <summary>Runs run.sh.</summary>
    /// <param name="installScript">TURNSERVER_DOTNET_INSTALL.</param>
    /// <param name="arguments">The command and its arguments.</param>
    public Task<(int ExitCode, string Output, string Errors)> RunAsync(string? installScript, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(_root, "clone", "run.sh"), .. arguments]);
        start.Environment.Clear();
        start.Environment["PATH"] = Path.Combine(_root, "bin");
        start.Environment["HOME"] = Path.Combine(_root, "home");
        start.Environment["TMPDIR"] = _root;
        start.Environment["CALLS"] = Path.Combine(_root, "calls");
        if (installScript is not null)
            start.Environment["TURNSERVER_DOTNET_INSTALL"] = installScript;
        return Tool.RunAsync(start, TestWait.Timeout);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string MakeFolderFor(string file)
    {
        var path = Path.Combine(_root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
