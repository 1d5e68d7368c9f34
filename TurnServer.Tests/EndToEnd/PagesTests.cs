using System.Diagnostics;
using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The Markdown pages: their links lead somewhere, and the README's game plays as it stands.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed partial class PagesTests
{
    private static readonly string[] Pages =
    [
        "README.md", "TurnServer/ARCHITECTURE.md", "TurnServer/Admin/README.md", "TurnServer/Client/README.md",
        "TurnServer/Cluster/README.md", "TurnServer/Connect/README.md", "TurnServer/Protocol/PROTOCOL.md",
        "TurnServer/Service/README.md", "TurnServer.Bench/README.md", "TurnServer.Tests/README.md", "TurnServer.Tests/Client/Vectors/README.md",
    ];

    [TestCaseSource(nameof(Pages))]
    public void Links_OfAPage_LeadToFilesAndHeadings(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        foreach (var link in LinkPattern().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)
            .Where(link => !link.StartsWith("http", StringComparison.Ordinal)))
        {
            var (file, anchor) = link.Split('#') is [var path, var heading] ? (path, heading) : (link, null);
            var target = file.Length == 0 ? Path.Combine(Repository.Root, page) : Path.Combine(folder, file);
            Assert.That(Path.Exists(target), $"{page} links to {link}");
            if (anchor is not null)
                Assert.That(AnchorsOf(target), Does.Contain(anchor), $"{page} links to {link}");
        }
    }

    [Test]
    public void Pages_AreAllThatTheRepositoryHas() => Assert.That(Repository.Files("*.md"), Is.EquivalentTo(Pages));

    [Test]
    public async Task Game_OfTheReadme_PrintsWhatTheReadmeSays()
    {
        await using var server = await ServerChild.StartAsync("--game-timeout", "600");
        var readme = Repository.Read("README.md");
        var script = Repository.Block(readme, "post() {").Replace("http://localhost:8080/", server.Url.ToString(),
            StringComparison.Ordinal);
        var (exitCode, output, errors) = await Tool.RunAsync(
            new ProcessStartInfo("bash", ["-c", script]), TestWait.Timeout);
        Assert.That((exitCode, errors), Is.EqualTo((0, "")), output);
        Assert.That(Normalize(output), Is.EqualTo(Normalize(Repository.Block(readme, "0/3/Ann"))));
    }

    // Keys differ; the last two replies come from two requests at once, in either order.
    private static string[] Normalize(string output)
    {
        var lines = KeyPattern().Replace(output.Trim(), "KEY").Split('\n');
        return [.. lines[..^2], .. lines[^2..].Order()];
    }

    // As GitHub makes them: lower case, punctuation dropped, spaces to hyphens.
    private static IEnumerable<string> AnchorsOf(string path) => File.ReadLines(path)
        .Where(line => line.StartsWith('#'))
        .Select(line => PunctuationPattern().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "")
            .Replace(' ', '-'));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex LinkPattern();

    [GeneratedRegex(@"\d{10,}")]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex PunctuationPattern();
}
