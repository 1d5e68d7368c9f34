using TurnServer.Bench.Restart;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>All of <c>bench restart</c>, which checks that each game continues with the next counter.</summary>
internal sealed class RestartCommandTests
{
    [Test]
    [Category("Slow")]
    public async Task Restart_OfAThousandGames_RecoversAllAndPrintsEachRow()
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var options = new RestartOptions(Games: 1000, Rounds: 1,
            Ports.NextRange(RestartOptions.PortsUsed), Server: null);
        Assert.That(await RestartCommand.RunAsync(options, output, errors), Is.Zero, errors.ToString());
        foreach (var figure in new[] { "start until healthy", "stop", "pause between replies to a client" })
            Assert.That(output.ToString(), Does.Match($@"(?m)^{figure} .*\d\.\d\d \(.*\d\.\d\d \("));
        Assert.That(output.ToString(), Does.Match(@"(?m)^journal overhead per turn.*: [1-9]\d\.\d$"));
    }
}
