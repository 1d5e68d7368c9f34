namespace TurnServer.Tests.Support;

/// <summary>Lines of code and prose have at most 120 characters. Tables and blocks of pages may be longer.</summary>
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
