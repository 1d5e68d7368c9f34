using System.Globalization;
using System.Text.RegularExpressions;
using TurnServer.Admin.Front;
using TurnServer.Http;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary>The installed unit, as systemd reads it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed partial class UnitTests
{
    private const double ExposureMax = 1.5;

    private static readonly string Unit = Repository.ServiceFile("turnserver.service");

    [Test]
    public async Task Exposure_is_at_most_1_5_by_systemd_analyze_security()
    {
        var (_, output, errors) = await Tool.RunAsync(Tool.Require("systemd-analyze", "systemd"), "security",
            "--offline=true", "--no-pager", Unit);
        var overall = OverallExposure().Match(output);
        Assert.That(overall.Success, output + errors);
        Assert.That(double.Parse(overall.Groups[1].Value, CultureInfo.InvariantCulture),
            Is.LessThanOrEqualTo(ExposureMax), output);
        Assert.That(errors, Is.Empty);
    }

    [Test]
    public async Task Systemd_analyze_verify_reports_nothing()
    {
        var systemdAnalyze = Tool.Require("systemd-analyze", "systemd");
        using var folder = new TempFolder("turnserver-unit-");
        // It checks that the program exists.
        var copy = folder.PathOf("turnserver.service");
        await File.WriteAllTextAsync(copy, (await File.ReadAllTextAsync(Unit)).Replace(
            "=/opt/turnserver/turnserver", "=/bin/true", StringComparison.Ordinal));
        var (exitCode, output, errors) = await Tool.RunAsync(systemdAnalyze, "verify", "--recursive-errors=no", copy);
        Assert.That((exitCode, output + errors), Is.EqualTo((0, "")));
    }

    [Test]
    public void LimitNOFILE_allows_two_connections_for_each_player_of_the_most_games()
    {
        var connections = ConnectionLimit.Default(Number("LimitNOFILE"), AdminFront.DescriptorsMax);
        Assert.That(connections, Is.GreaterThanOrEqualTo(new RulesOptions().GamesMax * 2));
    }

    [Test]
    public void TimeoutStopSec_is_more_than_twice_the_drain_timeout() =>
        Assert.That(Number("TimeoutStopSec"), Is.GreaterThan(new HttpOptions().DrainTimeout.TotalSeconds * 2));

    /// <summary>.NET fails to load certificates without one.</summary>
    [Test]
    public void The_user_has_a_home_directory() =>
        Assert.That(Settings(), Has.Member(("Environment", "HOME=/nonexistent")));

    /// <summary>The garbage collector reads /proc/meminfo.</summary>
    [Test]
    public void Meminfo_is_visible() =>
        Assert.That(Settings().Select(line => line.Name), Has.None.EqualTo("ProcSubset"));

    private static int Number(string name) =>
        int.Parse(Settings().Single(line => line.Name == name).Value, CultureInfo.InvariantCulture);

    /// <summary>The unit's settings.</summary>
    public static IEnumerable<(string Name, string Value)> Settings() => File.ReadLines(Unit)
        .Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#')
        .Select(line => (line[..line.IndexOf('=', StringComparison.Ordinal)],
            line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..]));

    [GeneratedRegex(@"Overall exposure level for turnserver\.service: ([\d.]+) ")]
    private static partial Regex OverallExposure();
}
