namespace TurnServer.Tests.Support;

/// <summary>
/// Which build of the server the tests start as a process: the ordinary one, or the binary that TEST_SERVER names, such
/// as the one that is installed.
/// </summary>
internal static class ServerProgram
{
    /// <summary>The words that start it, before its flags.</summary>
    public static IReadOnlyList<string> Words { get; } =
        Environment.GetEnvironmentVariable("TEST_SERVER") is { Length: > 0 } path
            ? [Path.GetFullPath(path)]
            : ["dotnet", Path.Combine(AppContext.BaseDirectory, "turnserver.dll")];
}
