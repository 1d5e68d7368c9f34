using System.Diagnostics;

namespace TurnServer.Tests.Support;

/// <summary>
/// The native binary that gets installed: the one that TEST_PUBLISHED names (set by <c>run.sh test --all</c>), or built
/// once on demand.
/// </summary>
internal static class PublishedServer
{
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(10);
    private static readonly Lazy<Task<string>> Building = new(BuildAsync);

    /// <summary>Its path.</summary>
    public static Task<string> PathAsync() =>
        Environment.GetEnvironmentVariable("TEST_PUBLISHED") is { Length: > 0 } path
            ? Task.FromResult(Path.GetFullPath(path))
            : Building.Value;

    private static async Task<string> BuildAsync()
    {
        var folder = Path.Combine(Repository.Root, "TurnServer", "bin", "service");
        var (exitCode, output, errors) = await Tool.RunAsync(
            new ProcessStartInfo(Repository.RunScript, ["publish", folder]), BuildTimeout);
        Assert.That(exitCode, Is.Zero, output + errors);
        return Path.Combine(folder, "turnserver");
    }
}
