namespace TurnServer.Tests.Support;

/// <summary>Lines of code and prose have at most 120 characters. Tables and blocks of pages may be longer.</summary>
internal sealed class LineLengthTests
{
    private const int LengthMax = 120;

    private static readonly string[] Suffixes =
        [".cs", ".js", ".lua", ".hpp", ".cpp", ".h", ".java", ".gd", ".sh", ".md"];

    [Test]
    public void No_line_is_too_long() => Assert.That(TooLong(), Is.Empty);

    private static IEnumerable<string> TooLong() =>
        from name in Repository.Files("*")
        where Suffixes.Contains(Path.GetExtension(name))
        from line in File.ReadLines(Path.Combine(Repository.Root, name)).Index()
        where line.Item.Length > LengthMax && !(name.EndsWith(".md", StringComparison.Ordinal)
            && (line.Item.StartsWith('|') || line.Item.StartsWith("    ", StringComparison.Ordinal)))
        select $"{name}:{line.Index + 1}";
}
