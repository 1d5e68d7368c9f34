using System.Diagnostics;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Time in which nobody could be heard (PROTOCOL.md, "Timeouts").</summary>
public sealed class SuspensionTests
{
    private static readonly TimeSpan Timeout = new RulesOptions().PairingTimeout;

    [TestCase(33, 30, 25, Description = "as long as it had left before")]
    [TestCase(33, 7, 7, Description = "no longer than the grace")]
    [TestCase(5, 7, 20, Description = "what is further away than the grace stays")]
    [TestCase(20, 7, 7, Description = "and nothing comes nearer than the grace")]
    [TestCase(33, 0, 0, Description = "without one it counts")]
    public void Excuse_OfAGap_MovesADeadline(int gap, int grace, int left)
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
    public void Excuse_OfAsManyAsThereMayBe_DropsNobody_AndTheyFallSilentInTheirOrder()
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
