namespace TurnServer.Tests.Support;

/// <summary>What is in a directory.</summary>
internal static class Folder
{
    /// <summary>A line for each file, with its name and all its bytes: the same as long as nothing is changed.</summary>
    public static string[] Contents(string path) => [.. Directory.GetFiles(path).Order(StringComparer.Ordinal)
        .Select(file => $"{file} {Convert.ToHexString(File.ReadAllBytes(file))}")];
}
