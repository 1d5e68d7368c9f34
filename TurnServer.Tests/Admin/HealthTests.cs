using TurnServer.Admin;
using TurnServer.Admin.Status;
using TurnServer.Protocol;

namespace TurnServer.Tests.Admin;

/// <summary>The findings that <see cref="Health"/> derives from samples.</summary>
internal sealed class HealthTests
{
    private static readonly ServerLimits Limits = new()
    {
        Players = 100,
        Games = 100,
        Connections = 100,
        MailboxMessages = 100,
        Descriptors = 100,
        MemoryBytes = 1000,
        Cores = 2,
    };

    [Test]
    public void Evaluate_AnIdleServer_IsEmpty()
    {
        Assert.That(Findings(HistoryTests.At(0), HistoryTests.At(1)), Is.Empty);
        Assert.That(Health.StateOf([]), Is.EqualTo(HealthState.Good));
    }

    [Test]
    public void Evaluate_AnActorThatDoesNotAnswer_ReportsItFirstWithItsDuration()
    {
        var findings = Findings(HistoryTests.At(0), HistoryTests.At(1),
            HistoryTests.At(8, refusals: 3) with { Actor = null });
        Assert.That(findings[0].State, Is.EqualTo(HealthState.Bad));
        Assert.That(findings[0].Text, Does.Contain("has not answered for 7 s"));
        Assert.That(findings, Has.Count.EqualTo(2), "and the refused requests");
        Assert.That(Health.StateOf(findings), Is.EqualTo(HealthState.Bad));
    }

    [Test]
    public void Evaluate_AnActorThatAnswersAgain_StillReportsTheGap()
    {
        var findings = Findings(HistoryTests.At(0), HistoryTests.At(1) with { Actor = null }, HistoryTests.At(2));
        Assert.That(findings.Single().Text, Does.Contain("did not answer for about 1 of the last 3 seconds"));
    }

    [Test]
    public void Evaluate_ALostState_IsBad()
    {
        var now = HistoryTests.At(1);
        var findings = Findings(HistoryTests.At(0), now with
        {
            Actor = now.Actor! with { StateFault = "the state directory is gone" },
        });
        Assert.That(findings.Single().State, Is.EqualTo(HealthState.Bad));
        Assert.That(findings.Single().Text, Does.Contain("the state directory is gone").And.Contain("SIGTERM"));
    }

    [TestCase(ErrorCode.ServerBusy, 5, "5 requests were refused in the last minute because the server was busy")]
    [TestCase(ErrorCode.RateLimited, 1, "1 request was refused in the last minute by the limits per address")]
    [TestCase(ErrorCode.PairingKeysMaxed, 2, "too many players")]
    [TestCase(ErrorCode.GameKeysMaxed, 2, "too many games")]
    public void Evaluate_RequestsRefusedByALimit_IsAWarning(ErrorCode code, int count, string text)
    {
        var findings = Findings(HistoryTests.At(0), HistoryTests.At(1, refusals: count, code: code));
        Assert.That(findings.Single().State, Is.EqualTo(HealthState.Warning));
        Assert.That(findings.Single().Text, Does.Contain(text));
    }

    [Test]
    public void Evaluate_RefusalsMoreThanAMinuteAgo_IsEmpty() => Assert.That(
        Findings(HistoryTests.At(0), HistoryTests.At(1, refusals: 9), HistoryTests.At(62, refusals: 9)), Is.Empty);

    [Test]
    public void Evaluate_ErrorsOfClients_IsEmpty() => Assert.That(
        Findings(HistoryTests.At(0), HistoryTests.At(1, refusals: 9, code: ErrorCode.NoGame)), Is.Empty);

    [TestCase(89, 0)]
    [TestCase(90, 1)]
    public void Evaluate_ANearLimit_NamesItsFlag(int games, int findingCount)
    {
        var findings = Findings(HistoryTests.At(0), HistoryTests.At(1, games: games));
        Assert.That(findings, Has.Count.EqualTo(findingCount));
        if (findingCount > 0)
            Assert.That(findings[0].Text, Is.EqualTo("There are 90 games; the limit is 100 (--max-games)."));
    }

    [Test]
    public void Evaluate_ABusyActorAndALongMailbox_NamesBoth()
    {
        var findings = Findings(HistoryTests.At(0), HistoryTests.At(10, busySeconds: 8.5, mailbox: 60));
        Assert.That(findings.Select(finding => finding.Text),
            Is.EquivalentTo(["The actor's mailbox is 60 % full.", "The actor is busy 85 % of the time."]));
    }

    private static IReadOnlyList<Finding> Findings(params Sample[] samples) =>
        Health.Evaluate(samples, Limits);
}
