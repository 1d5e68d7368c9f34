using TurnServer.Cli;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary>The installed /etc/default/turnserver: every setting, commented out, and nothing else.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SettingsFileTests
{
    private static readonly string[] Lines = File.ReadAllLines(Repository.ServiceFile("turnserver.default"));

    [Test]
    public void Every_setting_is_listed_with_its_default_in_the_order_of_the_help()
    {
        var expected = Expected().ToList();
        var start = Array.FindIndex(Lines, line => line == expected[0]);
        Assert.That(start, Is.Not.Negative, $"turnserver.default lacks the line: {expected[0]}");
        var actual = Lines[start..];
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.That(actual.ElementAtOrDefault(i), Is.EqualTo(expected[i]),
                $"line {start + i + 1} of turnserver.default should be: {expected[i]}");
        }

        Assert.That(actual, Has.Length.EqualTo(expected.Count), "turnserver.default has lines after the last setting");
    }

    [Test]
    public void Nothing_is_set() => Assert.That(Lines.Where(line => line.Length > 0 && line[0] != '#'), Is.Empty);

    // Each setting with its help above it. A value that the unit sets is shown as the default.
    private static IEnumerable<string> Expected()
    {
        var set = UnitTests.Settings().Where(line => line.Name == "Environment")
            .Select(line => line.Value.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        var flags = new ServeFlags();
        string? group = null;
        foreach (var flag in flags.All.Where(flag => flag.HasVariable))
        {
            if (flag.Group != group)
            {
                if (group is not null)
                    yield return "";
                yield return $"# ---- {flag.Group}";
            }

            group = flag.Group;
            var value = set.GetValueOrDefault(flag.Variable!, IsValue(flag) ? flag.DefaultText! : "");
            yield return "";
            var isSaid = value.Length > 0 || flag.DefaultText is null;
            yield return "# " + flag.Help + (isSaid ? "" : $" [{flag.DefaultText}]");
            yield return $"#{flag.Variable}={value}";
        }
    }

    // Some defaults are descriptions, not values.
    private static bool IsValue(Flag flag) =>
        flag.DefaultText is { } text && ServerFlags.ErrorsOf(flag.Name, text).Count == 0;
}
