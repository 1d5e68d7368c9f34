using System.Globalization;
using TurnServer.Bench.Load;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server that is restarted again and again under load.</summary>
[Category("Slow"), NonParallelizable]
[Category("Process")]
internal sealed class RestartUnderLoadTests : StateFixture
{
    /// <summary>
    /// Kills at random moments, fifty with held replies and ten without; 5 % of the replies are lost besides.
    /// </summary>
    [Test]
    public async Task No_turn_is_lost_or_duplicated_by_kills_under_load([Values] bool wait)
    {
        var report = await PlayWithRestartsAsync(wait ? 50 : 10, wait, loss: 0.05, server => server.KillAsync());
        Assert.That(report.RepliesDropped, Is.Positive);
    }

    [Test]
    public async Task No_turn_is_lost_or_duplicated_by_stops_under_load() =>
        await PlayWithRestartsAsync(10, wait: true, loss: 0, StateFolder.StopAsync);

    // The stress tool checks each turn. Its errors of players are requests without a reply.
    private async Task<LoadReport> PlayWithRestartsAsync(int restarts, bool wait, double loss,
        Func<ServerChild, Task> end)
    {
        var port = Ports.Next();
        var server = await State.StartAsync(port);
        using var stop = new CancellationTokenSource();
        var output = new StringWriter();
        var run = new StressRun(new LoadOptions
        {
            Settings = new LoadSettings(server.Url, Clients: 200, Rate: 5, TimeSpan.FromMinutes(5), wait, loss),
        }, ramp: null, plot: null, json: null, output);
        var playing = run.RunAsync(stop.Token);
        try
        {
            for (var i = 0; i < restarts; i++)
            {
                await Task.Delay(Random.Shared.Next(100, 500));
                await end(server);
                await server.DisposeAsync();
                server = await State.StartAsync(port);
            }

            await stop.CancelAsync();
            var exitCode = await playing;
            var report = run.Reports.Single();
            await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{restarts} restarts: {report.TurnsSent} turns, {report.Requests} requests, "
                + $"{report.RequestsLost} lost"));
            Assert.That(report.ViolationCount, Is.Zero, $"{exitCode}: {output}");
            // Lost requests and those refused by a stopping server (23) are repeated; there are no other errors.
            Assert.That(report.Codes.Where(code => code.IsError).Select(code => code.Code),
                Is.SubsetOf(new[] { "lost", "23/*" }));
            Assert.That(report.TurnsReceived, Is.EqualTo(report.TurnsSent).And.GreaterThan(restarts * 100L));
            return report;
        }
        finally
        {
            await stop.CancelAsync();
            await playing;
            await server.DisposeAsync();
        }
    }
}
