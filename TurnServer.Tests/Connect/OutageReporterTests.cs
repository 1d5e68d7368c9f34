using Microsoft.Extensions.Time.Testing;
using TurnServer.Client;
using TurnServer.Connect;
using TurnServer.Protocol;

namespace TurnServer.Tests.Connect;

/// <summary>
/// When <c>connect</c> reports that the server does not answer: once per outage, and not for single losses.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class OutageReporterTests
{
    private const string Outage = "cannot reach http://server/: refused; trying for 30 s";
    private const string Over = "the server answers again";

    [Test]
    public void Observe_TheSecondLossBeforeAnyAnswer_ReportsAnOutage() =>
        Assert.That(Report("xx xxx"), Is.EqualTo(new[] { Outage }));

    // It may be no turn server; the final message says so.
    [Test]
    public void Observe_TheFirstLossBeforeAnyAnswer_ReportsNothing() => Assert.That(Report("x"), Is.Empty);

    [Test]
    public void Observe_LossesWithinASecond_ReportsNothing() =>
        Assert.That(Report("axxxaxxa xa xa"), Is.Empty);

    [Test]
    public void Observe_AnOutage_ReportsItsStartAndItsEndOnce() =>
        Assert.That(Report("ax xxx xxa a ax x"), Is.EqualTo(new[] { Outage, Over, Outage }));

    // a: an answer, x: a loss, a space: a second passes.
    private static List<string> Report(string events)
    {
        var time = new FakeTimeProvider();
        var messages = new List<string>();
        var reporter = new OutageReporter(new Uri("http://server/"), TimeSpan.FromSeconds(30), time, messages.Add);
        foreach (var step in events)
        {
            if (step == ' ')
                time.Advance(TimeSpan.FromSeconds(1));
            else
                reporter.Observe(new TurnAttempt(Symbol.GameUpdate, default, null, step == 'x' ? "refused" : null));
        }

        return messages;
    }
}
