using TurnServer.Bench.Load;

namespace TurnServer.Tests.Bench;

public sealed class LoadDurationTests
{
    [TestCase("100s", 100_000)]
    [TestCase("2m", 120_000)]
    [TestCase("500ms", 500)]
    [TestCase("30", 30_000)]
    [TestCase("1.5s", 1_500)]
    [TestCase("1h", 3_600_000)]
    public void TryParse_ADuration_IsReadInItsUnit(string text, int milliseconds)
    {
        var isRead = Durations.TryParse(text, out var duration);
        Assert.Multiple(() =>
        {
            Assert.That(isRead, Is.True);
            Assert.That(duration, Is.EqualTo(TimeSpan.FromMilliseconds(milliseconds)));
        });
    }

    [TestCase("")]
    [TestCase("s")]
    [TestCase("0s")]
    [TestCase("-1s")]
    [TestCase("5x")]
    [TestCase("1e9s")]
    [TestCase("25h")]
    [TestCase("1,5s")]
    public void TryParse_AnythingElse_IsRefused(string text) =>
        Assert.That(Durations.TryParse(text, out _), Is.False);
}
