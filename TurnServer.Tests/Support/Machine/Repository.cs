namespace TurnServer.Tests.Support;

/// <summary>The source tree that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>The directory of the solution.</summary>
    public static string Root { get; } = FindRoot();

    public static string RunScript => Path.Combine(Root, "run.sh");

    /// <summary>A file of TurnServer/Service.</summary>
    public static string ServiceFile(string name) => Path.Combine(Root, "TurnServer", "Service", name);

    /// <summary>Reads a file by its path relative to the root.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The files below the root, by their paths relative to it; without those of Git and of builds.</summary>
    /// <param name="pattern">Such as <c>*.md</c>.</param>
    public static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or ".git"));

    /// <summary>
    /// The first indented block of a Markdown page that has a line beginning like this, from that line to its end,
    /// without the indent.
    /// </summary>
    public static string Block(string page, string start)
    {
        const string Indent = "    ";
        var lines = page.Split('\n').SkipWhile(line => !line.StartsWith(Indent + start, StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith(Indent, StringComparison.Ordinal)).ToList();
        Assert.That(lines, Is.Not.Empty, start);
        return string.Concat(lines.Select(line => line[Indent.Length..] + "\n"));
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "TurnServer.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("TurnServer.sln");
        return folder;
    }
}
