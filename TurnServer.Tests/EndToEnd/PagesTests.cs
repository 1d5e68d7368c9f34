using System.Diagnostics;
using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The Markdown pages: their links lead somewhere, and the README's game plays as it stands.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed partial class PagesTests
{
    // A page that is longer is read by nobody; null: as long as it must be.
    private static readonly Dictionary<string, int?> LinesMax = new()
    {
        ["README.md"] = 150,
        ["TurnServer/ARCHITECTURE.md"] = 150,
        ["TurnServer/Admin/README.md"] = 150,
        ["TurnServer/Client/README.md"] = 200,
        ["TurnServer/Client/cpp/README.md"] = ClientLinesMax,
        ["TurnServer/Client/godot/README.md"] = ClientLinesMax,
        ["TurnServer/Client/java/README.md"] = ClientLinesMax,
        ["TurnServer/Client/lua/README.md"] = ClientLinesMax,
        ["TurnServer/Client/unity/README.md"] = ClientLinesMax,
        ["TurnServer/Client/web/README.md"] = ClientLinesMax,
        ["TurnServer/Cluster/README.md"] = 200,
        ["TurnServer/Connect/README.md"] = 100,
        ["TurnServer/Protocol/PROTOCOL.md"] = null,
        ["TurnServer/Service/README.md"] = 300,
        ["TurnServer.Bench/README.md"] = 200,
        ["TurnServer.Bench/Cluster/README.md"] = 150,
        ["TurnServer.Tests/README.md"] = 150,
        ["TurnServer/Rules/Shards/README.md"] = 40,
        ["TurnServer.Tests/Client/Conformance/README.md"] = 100,
        ["TurnServer.Tests/Client/Vectors/README.md"] = 100,
    };

    private const int ClientLinesMax = 40;

    private static IEnumerable<string> Pages => LinesMax.Keys;

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

    [TestCaseSource(nameof(Pages))]
    public void Length_OfAPage_IsLimited(string page) =>
        Assert.That(Repository.Read(page).Count(c => c == '\n'), Is.AtMost(LinesMax[page] ?? int.MaxValue));

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
