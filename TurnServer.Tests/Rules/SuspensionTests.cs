using System.Diagnostics;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Suspensions of the process (PROTOCOL.md, "Timeouts").</summary>
public sealed class SuspensionTests
{
    private static readonly TimeSpan Timeout = new RulesOptions().PairingTimeout;

    [TestCase(33, 30, 25, Description = "extended by the gap")]
    [TestCase(33, 7, 7, Description = "at most to the grace period")]
    [TestCase(5, 7, 20, Description = "a later deadline stays")]
    [TestCase(20, 7, 7, Description = "no deadline before the end of the grace period")]
    [TestCase(33, 0, 0, Description = "no grace period")]
    public void ExtendDeadlines_AfterAGap_MovesADeadline(int gap, int grace, int left)
    {
        var driver = new TableDriver();
        driver.Register("Ann");
        driver.Skip(TimeSpan.FromSeconds(gap));
        var suspension = new Suspension(TimeSpan.FromSeconds(gap), TimeSpan.FromSeconds(grace));
        driver.Table.ExtendDeadlines(suspension, driver.Now);
        Assert.That(driver.Table.View(1).Players.Select(player => player.TimeLeft?.TotalSeconds),
            left == 0 ? Is.Empty : Is.EqualTo(new double?[] { left }));
    }

    [Test]
    public void ExtendDeadlines_WithPlayersMaxPlayers_DropsNone_AndKeepsTheirOrder()
    {
        var options = new RulesOptions { PlayersPerAddressMax = 0 };
        var driver = new TableDriver(options);
        for (var i = 0; i < options.PlayersMax; i++)
        {
            driver.Register($"{i}");
            driver.Skip(TimeSpan.FromTicks(100));
        }

        var gap = TimeSpan.FromSeconds(33);
        driver.Skip(gap);
        var watch = Stopwatch.StartNew();
        driver.Table.ExtendDeadlines(new Suspension(gap, Timeout), driver.Now);
        TestContext.Out.WriteLine($"{options.PlayersMax} players: {watch.Elapsed.TotalMilliseconds:0.0} ms");
        Assert.That(driver.Table.PlayerCount, Is.EqualTo(options.PlayersMax));
        driver.Advance(Timeout - TimeSpan.FromTicks((100L * (options.PlayersMax / 2)) + 1));
        Assert.That(driver.Table.PlayerCount, Is.EqualTo(options.PlayersMax / 2));
        driver.Advance(Timeout);
        Assert.That(driver.Table.IsEmpty);
    }
}
