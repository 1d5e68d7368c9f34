using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>
/// Programs that some tests need beside the .NET SDK. On a machine without one such a test is passed over and says
/// which package is missing; where <c>TEST_TOOLS=required</c>, as in <c>.ci/run</c>, it fails.
/// </summary>
internal static class Tool
{
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];

    /// <summary>The path of this program; ends the test when it is not there.</summary>
    /// <param name="name">The program's name.</param>
    /// <param name="package">The Debian package that has it, where that is called otherwise.</param>
    public static string Require(string name, string? package = null)
    {
        if (Find(name) is { } path)
            return path;
        Miss($"{name} is not on this machine: apt-get install {package ?? name}");
        throw new UnreachableException();
    }

    /// <summary>Ends the test for want of something: passed over, or failed where everything must be there.</summary>
    public static void Miss(string what)
    {
        if (Environment.GetEnvironmentVariable("TEST_TOOLS") == "required")
            Assert.Fail(what);
        Assert.Ignore(what);
    }

    /// <summary>Runs a program to its end: its exit code and all that it printed.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(string path,
        params string[] arguments) => RunAsync(new ProcessStartInfo(path, arguments), TestWait.Timeout);

    /// <summary>The same, with all that can be said of a start, for what takes longer.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(ProcessStartInfo start,
        TimeSpan patience)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(patience);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var errors = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await errors);
    }

    private static string? Find(string name) =>
        Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
