using TurnServer.Bench.Soak;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>When memory counts as flat, and a complete soak of two seconds.</summary>
internal sealed class SoakTests
{
    // Megabytes by second.
    private static IEnumerable<TestCaseData> Courses =>
    [
        Course("constant", true, _ => 100),
        Course("grows while warming up", true, second => Math.Min(50 + (20 * second), 100)),
        Course("oscillates", true, second => 100 + (second % 7 * 30)),
        Course("rises for minutes and falls", true, second => 100 + ((second + 25) % 40)),
        Course("burst near the end", true, second => second is > 85 and < 90 ? 300 : 100),
        Course("shrinks", true, second => 200 - second),
        Course("grows steadily", false, second => 100 + (0.2 * second)),
        Course("oscillates and grows", false, second => 100 + (0.2 * second) + (second % 7 * 3)),
        Course("step at half time", false, second => second > 45 ? 110 : 100),
    ];

    [TestCaseSource(nameof(Courses))]
    public void Trend_OfSamples_IsFlatUnlessTheMinimumGrows(Func<int, double> course, bool isFlat)
    {
        var samples = Enumerable.Range(0, 100)
            .Select(second => new SoakSample(TimeSpan.FromSeconds(second), course(second), 0, 0)).ToList();
        var trend = Trend.Of(samples, share: 0.05, extra: 2, sample => sample.ResidentMegabytes);
        Assert.That(trend.IsFlat, Is.EqualTo(isFlat), $"{trend}");
    }

    [Test]
    public void Trend_WithoutSamples_IsNotFlat() =>
        Assert.That(Trend.Of([], share: 0.05, extra: 2, sample => sample.Descriptors).IsFlat, Is.False);

    [TestCase(5_000, false, 1000)]
    [TestCase(5_000, true, 500)]
    [TestCase(11, false, 4)]
    public void Players_ForARate_IsEven(int rate, bool holdsReplies, int players) =>
        Assert.That(new SoakOptions { Port = 1, AdminPort = 2, Rate = rate, HoldsReplies = holdsReplies }.Players,
            Is.EqualTo(players));

    // Two seconds are too short for a real verdict: any growth is allowed, or none.
    [TestCase(100, 0, SoakExit.Ok, "\nFlat: ")]
    [TestCase(-2, 0, SoakExit.Grew, "NOT FLAT", Category = "Slow")]
    [TestCase(100, 100, SoakExit.CannotRun, "TOO SLOW", Category = "Slow")]
    public async Task Soak_TwoSeconds_PlaysSamplesAndJudges(double growthMax, double rateShareMin, int exitCode,
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
            // On a busy machine the first samples may come before the heap's first collection, at 0.
            MegabytesExtra = growthMax > 0 ? 1000 : 2,
            RateShareMin = rateShareMin,
            ServerFlags = ["--max-wait", "20"],
        }, output, errors);
        Assert.That(code, Is.EqualTo(exitCode), $"{output}{errors}");
        Assert.That(output.ToString(), Does.Contain("turns arrived once and in order").And.Contain(verdict)
            .And.Match(@"(?m)^memory, MB +\d+\.\d +\d+\.\d +-?\d+\.\d +-?\d+\.\d")
            .And.Match(@"(?m)^managed heap, MB +\d+\.\d +\d+\.\d +-?\d+\.\d +-?\d+\.\d")
            .And.Match(@"(?m)^descriptors +\d+\.\d +\d+\.\d +-?\d+\.\d +-?\d+\.\d"), errors.ToString());
    }

    [Test]
    public async Task Soak_ServerThatDoesNotStart_FailsWithTheReason()
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
