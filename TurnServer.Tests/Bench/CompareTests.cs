using System.Net;
using System.Net.Sockets;
using TurnServer.Bench.Compare;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>All of <c>bench compare</c>, run for an instant: that it works, not what it measures.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CompareTests
{
    private static readonly TimeSpan RunLength = TimeSpan.FromMilliseconds(100);

    [Test]
    [Category("Slow")]
    public async Task Compare_ShortRun_PrintsARowForEachServerAndRatios()
    {
        var (exitCode, output, errors) = await CompareAsync();
        Assert.That((exitCode, errors), Is.EqualTo((0, "")));
        var report = output[output.IndexOf("Medians", StringComparison.Ordinal)..];
        foreach (var row in new[]
        {
            "this server, updates", "bare HttpListener, updates", "bare Kestrel, updates",
            "this server, turns in held updates", "this server, turns to held requests",
        })
        {
            Assert.That(report, Does.Match($@"(?m)^{row} +[1-9]\d* +[\d.]+ +[1-9][\d.]* +[\d.]+$"));
        }

        Assert.That(report, Does.Match(@"(?m)^update / bare HttpListener .*≤ 1.15 "));
        Assert.That(report, Does.Match(@"(?m)^held turn / bare HttpListener .*≤ 1.30 "));
    }

    // Five more processes; the driver's own tests cover this in the daily run.
    [Test, Category("Slow")]
    public async Task Compare_ServerThatHoldsNoReplies_FailsWithTheReason()
    {
        var (exitCode, _, errors) = await CompareAsync("--max-wait", "0");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("a wrong reply, not one turn: 0/10/*"));
    }

    [Test]
    public async Task Compare_ServerThatDoesNotStart_FailsWithTheReason()
    {
        var (exitCode, _, errors) = await CompareAsync("--no-such-flag");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("turnserver exited with 2").And.Contain("--no-such-flag"));
    }

    [Test]
    public async Task Compare_PortInUse_FailsInsteadOfMeasuringAnotherServer()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        using var errors = new StringWriter();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var options = new CompareOptions(RunLength, Rounds: 1, Connections: 2, port, HasState: false, []);
        Assert.That(await CompareCommand.RunAsync(options, TextWriter.Null, errors), Is.EqualTo(1));
        Assert.That(errors.ToString(), Does.Contain($"port {port} is taken"));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> CompareAsync(params string[] serverFlags)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var options = new CompareOptions(RunLength, Rounds: 1, Connections: 2,
            Ports.NextRange(Field.PortsUsed), HasState: true, serverFlags);
        var exitCode = await CompareCommand.RunAsync(options, output, errors);
        return (exitCode, output.ToString(), errors.ToString());
    }
}
