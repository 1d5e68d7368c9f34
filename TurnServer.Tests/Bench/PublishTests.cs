using TurnServer.Bench.Publish;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>All of <c>bench publish</c>, run for an instant: that it works, not what it measures.</summary>
[Category("Slow")]
internal sealed class PublishTests
{
    [Test]
    public async Task Publish_ShortRun_PrintsEachColumnForEachBuild()
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        // Ahead-of-time compilation takes minutes; other tests cover it.
        var builds = Build.All.Where(build => build.Folder == "jit").ToList();
        var options = new PublishOptions(TimeSpan.FromSeconds(1), 1, 2, Ports.Next(), builds);
        var exitCode = await PublishCommand.RunAsync(options, output, errors);
        Assert.That((exitCode, errors.ToString()), Is.EqualTo((0, "")));
        var text = output.ToString();
        var report = text[text.IndexOf("Median", StringComparison.Ordinal)..];
        foreach (var column in new[] { "start ms", "idle MB", "loaded MB", "CPU µs/update", "p99 ms" })
        {
            Assert.That(report, Does.Match($@"(?m)^{column} .*\n  self-contained +[1-9\d.]+ \(.*\)\n"
                + @"  self-contained, 64 MB gen0 +[\d.]+ \("));
        }
    }
}
