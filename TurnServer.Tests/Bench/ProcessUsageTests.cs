using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Bench;

/// <summary>The kernel's statistics of a process against the runtime's.</summary>
internal sealed class ProcessUsageTests
{
    // The kernel counts in hundredths of a second, for user and system time each.
    private const double Tolerance = 0.03;

    [Test]
    public void Of_ThisProcess_ReportsItsCpuTime()
    {
        var before = Environment.CpuUsage.TotalTime.TotalSeconds;
        var use = ProcessUsage.Of(Environment.ProcessId);
        var after = Environment.CpuUsage.TotalTime.TotalSeconds;
        Assert.That(use?.CpuSeconds, Is.InRange(before - Tolerance, after + Tolerance));
    }
}
