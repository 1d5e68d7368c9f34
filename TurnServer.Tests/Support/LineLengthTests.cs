namespace TurnServer.Tests.Support;

/// <summary>No line of code or prose is longer than 120 characters; tables and indented blocks of pages may be.</summary>
internal sealed class LineLengthTests
{
    private const int LengthMax = 120;

    private static readonly string[] Suffixes = [".cs", ".js", ".sh", ".md"];

    [Test]
    public void No_line_is_too_long() => Assert.That(TooLong(), Is.Empty);

    private static IEnumerable<string> TooLong() =>
        from path in Directory.EnumerateFiles(Repository.Root, "*", SearchOption.AllDirectories)
        let name = Path.GetRelativePath(Repository.Root, path)
        where Suffixes.Contains(Path.GetExtension(name))
            && !name.Split('/').Any(part => part is "bin" or "obj" || part.StartsWith('.'))
        from line in File.ReadLines(path).Index()
        where line.Item.Length > LengthMax && !(name.EndsWith(".md", StringComparison.Ordinal)
            && (line.Item.StartsWith('|') || line.Item.StartsWith("    ", StringComparison.Ordinal)))
        select $"{name}:{line.Index + 1}";
}
