using Microsoft.Extensions.Time.Testing;
using TurnServer.Cli;
using TurnServer.Client;
using TurnServer.Connect;
using TurnServer.Protocol;

namespace TurnServer.Tests.Connect;

/// <summary>
/// When <c>connect</c> says that the server does not answer: once an outage, and of single losses nothing.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class OutageReporterTests
{
    private const string Outage = "cannot reach http://server/: refused; trying for 30 s";
    private const string Over = "the server answers again";

    [Test]
    public void A_server_that_never_answered_is_named_at_the_second_loss() =>
        Assert.That(Said("xx xxx"), Is.EqualTo(new[] { Outage }));

    // The only loss of one that is no turn server: its end says what it is.
    [Test]
    public void One_loss_of_a_server_that_never_answered_is_not_named() => Assert.That(Said("x"), Is.Empty);

    [Test]
    public void Losses_that_are_made_up_for_within_a_second_are_not_named() =>
        Assert.That(Said("axxxaxxa xa xa"), Is.Empty);

    [Test]
    public void An_outage_is_named_once_and_so_is_its_end() =>
        Assert.That(Said("ax xxx xxa a ax x"), Is.EqualTo(new[] { Outage, Over, Outage }));

    // a: an answer, x: a loss, a space: a second passes.
    private static List<string> Said(string story)
    {
        var time = new FakeTimeProvider();
        var said = new List<string>();
        var watch = new OutageReporter(new Uri("http://server/"), TimeSpan.FromSeconds(30), time, said.Add);
        foreach (var step in story)
        {
            if (step == ' ')
                time.Advance(TimeSpan.FromSeconds(1));
            else
                watch.Observe(new TurnAttempt(Symbol.GameUpdate, default, null, step == 'x' ? "refused" : null));
        }

        return said;
    }
}
