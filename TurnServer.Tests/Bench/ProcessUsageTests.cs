using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Bench;

/// <summary>What the kernel says of a process, beside what the runtime says of itself.</summary>
internal sealed class ProcessUsageTests
{
    // The kernel counts in hundredths, of the program's and of its own time.
    private const double Tolerance = 0.03;

    [Test]
    public void CPU_is_what_the_process_has_used()
    {
        var before = Environment.CpuUsage.TotalTime.TotalSeconds;
        var use = ProcessUsage.Of(Environment.ProcessId);
        var after = Environment.CpuUsage.TotalTime.TotalSeconds;
        Assert.That(use?.CpuSeconds, Is.InRange(before - Tolerance, after + Tolerance));
    }
}
