using TurnServer.Bench.Publish;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>The whole of <c>bench publish</c>, run for an instant: not what it measures, but that it does.</summary>
[Category("Slow")]
internal sealed class PublishTests
{
    [Test]
    public async Task Publish_RunForAnInstant_PrintsEachFigureOfEachBuild()
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        // Compiling ahead of time takes its time: other tests do that.
        var builds = Build.All.Where(build => build.Folder == "jit").ToList();
        var options = new PublishOptions(TimeSpan.FromSeconds(1), 1, 2, Ports.Next(), builds);
        var exitCode = await PublishCommand.RunAsync(options, output, errors);
        Assert.That((exitCode, errors.ToString()), Is.EqualTo((0, "")));
        var text = output.ToString();
        var report = text[text.IndexOf("Median", StringComparison.Ordinal)..];
        foreach (var figure in new[] { "start ms", "idle MB", "loaded MB", "CPU µs/update", "99 % ms" })
        {
            Assert.That(report, Does.Match($@"(?m)^{figure} .*\n  self-contained +[1-9\d.]+ \(.*\)\n"
                + @"  self-contained, 64 MB gen0 +[\d.]+ \("));
        }
    }
}
