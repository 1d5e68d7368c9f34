using TurnServer.Bench.Rivals;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>All of <c>bench rivals</c>, run for an instant: that it works, not what it measures.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RivalsTests
{
    // In so short a run a server may use less CPU time than the kernel counts.
    private const string Ratio = @"\S+ \(\S+ to \S+\)";

    [Test]
    public async Task Rivals_ThisServerAndTheBareOne_PrintsFiguresRatiosAndMemory()
    {
        using var folder = new TempFolder("turnserver-rivals-");
        var report = await MeasureAsync(folder.Path, Rival.Own, Rival.Bare);
        AssertHasRows(report, "this server, WebSocket", "bare HttpListener relay");
        Assert.That(report, Does.Match($@"(?m)^bare HttpListener relay +{Ratio} ≤ 1\.15( +{Ratio}){{3}}$"));
        Assert.That(report, Does.Match(@"(?m)^difference +-?\d+\.\d  goal < 8$"));
    }

    // Those of npm are installed first.
    [Test, Category("Slow")]
    public async Task Rivals_All_PrintsFiguresOfEach()
    {
        Tool.Require("npm");
        Tool.Require("nginx");
        using var folder = new TempFolder("turnserver-rivals-");
        var report = await MeasureAsync(folder.Path);
        Assert.That(report, Does.Not.Contain("left out"));
        AssertHasRows(report, [.. Rival.All.Select(rival => rival.Title)]);
        Assert.That(report, Does.Match($@"(?m)^Colyseus +{Ratio} ≤ 0\.70( +{Ratio} ≤ 1\.00){{2}} +{Ratio}$"));
        Assert.That(report, Does.Match($@"(?m)^nginx, return 200( +{Ratio}){{4}}$"));
    }

    [Test]
    public async Task Rivals_OneThatCannotBeHad_IsLeftOutByName()
    {
        using var folder = new TempFolder("turnserver-rivals-");
        // Where the folder for its configuration would be.
        await File.WriteAllTextAsync(folder.PathOf("nginx"), "");
        var report = await MeasureAsync(folder.Path, Rival.Own, "nginx");
        Assert.That(report, Does.Contain("left out: nginx, return 200: "));
        AssertHasRows(report, "this server, WebSocket");
    }

    private static void AssertHasRows(string report, params string[] titles)
    {
        foreach (var title in titles)
            Assert.That(report, Does.Match($@"(?m)^{title.Replace(".", @"\.")} +[1-9]\d*( +\d[\d.]*){{8}}$"), title);
    }

    private static async Task<string> MeasureAsync(string folder, params string[] only)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var options = new RivalsOptions
        {
            RunLength = TimeSpan.FromMilliseconds(300),
            Rounds = 1,
            Pairs = 4,
            Idle = 20,
            Only = only,
            Folder = folder,
            IsJit = true,
            Port = Ports.NextRange(RivalsOptions.PortsUsed),
        };
        var exitCode = await RivalsCommand.RunAsync(options, output, errors);
        Assert.That((exitCode, errors.ToString()), Is.EqualTo((0, "")));
        return output.ToString();
    }
}
