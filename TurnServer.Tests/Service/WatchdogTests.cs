using TurnServer.Service;

namespace TurnServer.Tests.Service;

/// <summary>The watchdog timeout from the service manager's environment variables.</summary>
internal sealed class WatchdogTests
{
    private const int Own = 4711;

    [TestCase("30000000", null, 30_000)]
    [TestCase("30000000", "", 30_000)]
    [TestCase("30000000", "4711", 30_000)]
    [TestCase("1500", "4711", 1.5)]
    [TestCase("18446744073709551614", null, 86_400_000)]
    public void Timeout_ForThisProcess_IsWatchdogUsec(string microseconds, string? process, double milliseconds) =>
        Assert.That(Read(microseconds, process), Is.EqualTo(TimeSpan.FromMilliseconds(milliseconds)));

    [TestCase("30000000", "4712")]
    [TestCase("30000000", "1")]
    [TestCase(null, null)]
    [TestCase(null, "4711")]
    [TestCase("", null)]
    [TestCase("0", null)]
    [TestCase("-1", null)]
    [TestCase("soon", null)]
    [TestCase("18446744073709551615", null)]
    public void Timeout_ForAnotherProcess_OrInvalid_IsNull(string? microseconds, string? process) =>
        Assert.That(Read(microseconds, process), Is.Null);

    private static TimeSpan? Read(string? microseconds, string? process) => Watchdog.Timeout(name => name switch
    {
        "WATCHDOG_USEC" => microseconds,
        "WATCHDOG_PID" => process,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    }, Own);
}
