using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using Perfolizer.Horology;

namespace TurnServer.Bench;

/// <summary>Runs the micro-benchmarks.</summary>
internal static class MicroCommand
{
    private const int WarmUps = 4;
    private const int Iterations = 12;

    // Short, so that all take a few minutes; the results include their error.
    private static readonly TimeInterval IterationTime = TimeInterval.FromMilliseconds(250);

    /// <summary>Runs benchmarks whose full name matches the filter, such as *Update*; returns the exit code.</summary>
    public static int Run(string filter)
    {
        var job = Job.Default.WithWarmupCount(WarmUps).WithIterationCount(Iterations).WithIterationTime(IterationTime);
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly)
            .Run(["--filter", filter], DefaultConfig.Instance.AddJob(job));
        var haveSucceeded = summaries.Any() && summaries.All(summary => !summary.HasCriticalValidationErrors
            && summary.Reports.All(report => report.Success));
        return haveSucceeded ? 0 : 1;
    }
}
