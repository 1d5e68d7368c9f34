using TurnServer.Bench.Soak;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>When memory counts as flat; and a whole soak of seconds, so that it cannot rot.</summary>
internal sealed class SoakTests
{
    // Megabytes by second.
    private static IEnumerable<TestCaseData> Courses =>
    [
        Course("constant", true, _ => 100),
        Course("grown while it warmed up", true, second => Math.Min(50 + (20 * second), 100)),
        Course("to and fro", true, second => 100 + (second % 7 * 30)),
        Course("up for minutes, and down", true, second => 100 + ((second + 25) % 40)),
        Course("a burst near the end", true, second => second is > 85 and < 90 ? 300 : 100),
        Course("shrunk", true, second => 200 - second),
        Course("grown all the time", false, second => 100 + (0.2 * second)),
        Course("grown to and fro", false, second => 100 + (0.2 * second) + (second % 7 * 3)),
        Course("grown in a step at half the time", false, second => second > 45 ? 110 : 100),
    ];

    [TestCaseSource(nameof(Courses))]
    public void Trend_OfACourse_IsFlatUnlessItsLowGrows(Func<int, double> course, bool isFlat)
    {
        var samples = Enumerable.Range(0, 100)
            .Select(second => new SoakSample(TimeSpan.FromSeconds(second), course(second), 0, 0)).ToList();
        var trend = Trend.Of(samples, share: 0.05, beside: 2, sample => sample.ResidentMegabytes);
        Assert.That(trend.IsFlat, Is.EqualTo(isFlat), $"{trend}");
    }

    [Test]
    public void Trend_OfNothing_IsNotFlat() =>
        Assert.That(Trend.Of([], share: 0.05, beside: 2, sample => sample.Descriptors).IsFlat, Is.False);

    [TestCase(5_000, false, 1000)]
    [TestCase(5_000, true, 500)]
    [TestCase(11, false, 4)]
    public void Players_OfARate_AreTwoToAGame(int rate, bool holdsReplies, int players) =>
        Assert.That(new SoakOptions { Port = 1, AdminPort = 2, Rate = rate, HoldsReplies = holdsReplies }.Players,
            Is.EqualTo(players));

    // In two seconds a server is not yet warm: all is allowed to grow, or nothing.
    [TestCase(100, 0, SoakExit.Ok, "\nFlat: ")]
    [TestCase(-2, 0, SoakExit.Grew, "NOT FLAT", Category = "Slow")]
    [TestCase(100, 100, SoakExit.CannotRun, "TOO SLOW", Category = "Slow")]
    public async Task Soak_OfTwoSeconds_PlaysSamplesAndJudges(double growthMax, double rateShareMin, int exitCode,
        string verdict)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await SoakRun.RunAsync(new SoakOptions
        {
            Rate = 200,
            Duration = TimeSpan.FromSeconds(2),
            Port = Ports.Next(),
            AdminPort = Ports.Next(),
            GrowthMax = growthMax,
            RateShareMin = rateShareMin,
            ServerFlags = ["--max-wait", "20"],
        }, output, errors);
        Assert.That(code, Is.EqualTo(exitCode), $"{output}{errors}");
        Assert.That(output.ToString(), Does.Contain("turns arrived once and in order").And.Contain(verdict)
            .And.Match(@"(?m)^memory, MB +\d+\.\d +\d+\.\d +-?\d+\.\d +-?\d+\.\d")
            .And.Match(@"(?m)^managed heap, MB +\d+\.\d +\d+\.\d +-?\d+\.\d +-?\d+\.\d")
            .And.Match(@"(?m)^descriptors +\d+\.\d +\d+\.\d +-?\d+\.\d +-?\d+\.\d"));
    }

    [Test]
    public async Task Soak_WithAServerThatDoesNotStart_FailsAndSaysWhy()
    {
        using var errors = new StringWriter();
        var code = await SoakRun.RunAsync(new SoakOptions
        {
            Port = Ports.Next(),
            AdminPort = Ports.Next(),
            ServerFlags = ["--no-such-flag"],
        }, TextWriter.Null, errors);
        Assert.That(code, Is.EqualTo(SoakExit.CannotRun));
        Assert.That(errors.ToString(), Does.Contain("--no-such-flag"));
    }

    private static TestCaseData Course(string name, bool isFlat, Func<int, double> course) =>
        new TestCaseData(course, isFlat).SetArgDisplayNames(name);
}
