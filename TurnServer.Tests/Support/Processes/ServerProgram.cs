namespace TurnServer.Tests.Support;

/// <summary>
/// The build of the server that tests start: the binary that TEST_SERVER names, or the ordinary build output.
/// </summary>
internal static class ServerProgram
{
    /// <summary>The command without flags.</summary>
    public static IReadOnlyList<string> Words { get; } =
        Environment.GetEnvironmentVariable("TEST_SERVER") is { Length: > 0 } path
            ? [Path.GetFullPath(path)]
            : ["dotnet", Path.Combine(AppContext.BaseDirectory, "turnserver.dll")];
}
