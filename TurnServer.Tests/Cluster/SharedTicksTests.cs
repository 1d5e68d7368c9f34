using TurnServer.Cluster;

namespace TurnServer.Tests.Cluster;

internal sealed class SharedTicksTests
{
    [TestCase(0, ExpectedResult = 1000)]
    [TestCase(1, ExpectedResult = 999)]
    [TestCase(500, ExpectedResult = 500)]
    [TestCase(501, ExpectedResult = 1499)]
    [TestCase(999, ExpectedResult = 1001)]
    [TestCase(86_400_250, ExpectedResult = 750)]
    public double UntilNext_AnyTime_IsAMultipleOfTheIntervalThatIsNotNear(long milliseconds) =>
        SharedTicks.UntilNext(TimeSpan.FromSeconds(1), new ClockAt(TimeSpan.FromMilliseconds(milliseconds)))
            .TotalMilliseconds;

    private sealed class ClockAt(TimeSpan time) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => time.Ticks;
    }
}
