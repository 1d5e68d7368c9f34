using TurnServer.Bench.Cli;

namespace TurnServer.Tests.Bench;

public sealed class OptionsTests
{
    [TestCase("100s", 100_000)]
    [TestCase("2m", 120_000)]
    [TestCase("500ms", 500)]
    [TestCase("30", 30_000)]
    [TestCase("1.5s", 1_500)]
    [TestCase("1h", 3_600_000)]
    public void ParseDuration_NumberWithUnit_ReturnsDuration(string text, int milliseconds) =>
        Assert.That(Options.ParseDuration(text),
            Is.EqualTo((TimeSpan.FromMilliseconds(milliseconds), default(string))));

    [TestCase("")]
    [TestCase("s")]
    [TestCase("0s")]
    [TestCase("-1s")]
    [TestCase("5x")]
    [TestCase("1e9s")]
    [TestCase("25h")]
    [TestCase("1,5s")]
    public void ParseDuration_AnythingElse_SaysWhatToGive(string text) =>
        Assert.That(Options.ParseDuration(text).Expected, Does.StartWith("a duration"));
}
