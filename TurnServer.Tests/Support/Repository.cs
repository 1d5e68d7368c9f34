namespace TurnServer.Tests.Support;

/// <summary>Files of the repository that the build does not copy.</summary>
internal static class Repository
{
    private static readonly Lazy<string> Top = new(() =>
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "TurnServer.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return folder.FullName;
    });

    /// <summary>The text of a file, named from the top of the repository.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Top.Value, path));
}
