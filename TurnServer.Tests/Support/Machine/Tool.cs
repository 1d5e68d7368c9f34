using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>
/// Programs that tests need besides the .NET SDK. Without one, a test is ignored and names the missing package; with
/// <c>TEST_TOOLS=required</c>, as in <c>.ci/run</c>, it fails.
/// </summary>
internal static class Tool
{
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];

    /// <summary>The path of a program; ends the test if it is not installed.</summary>
    /// <param name="name">The program's name.</param>
    /// <param name="package">Its Debian package; null: named like the program.</param>
    public static string Require(string name, string? package = null)
    {
        if (Find(name) is { } path)
            return path;
        RecordMissing(package ?? name);
        SkipOrFail($"{name} is not installed: apt-get install {package ?? name}");
        throw new UnreachableException();
    }

    /// <summary>Ignores the test as the machine lacks something; fails it with TEST_TOOLS=required.</summary>
    public static void SkipOrFail(string what)
    {
        if (Environment.GetEnvironmentVariable("TEST_TOOLS") == "required")
            Assert.Fail(what);
        Assert.Ignore(what);
    }

    /// <summary>Runs a program to completion.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(string path,
        params string[] arguments) => RunAsync(new ProcessStartInfo(path, arguments), TestWait.Timeout);

    /// <inheritdoc cref="RunAsync(string, string[])"/>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(ProcessStartInfo start,
        TimeSpan timeout)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        using var cancel = new CancellationTokenSource(timeout);
        var output = process.StandardOutput.ReadToEndAsync(cancel.Token);
        var errors = process.StandardError.ReadToEndAsync(cancel.Token);
        try
        {
            await process.WaitForExitAsync(cancel.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await errors);
    }

    // run.sh test lists the packages that the skipped tests need.
    private static void RecordMissing(string package)
    {
        if (Environment.GetEnvironmentVariable("TEST_MISSING") is not { Length: > 0 } file)
            return;
        lock (Folders)
            File.AppendAllText(file, package + "\n");
    }

    private static string? Find(string name) =>
        Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
