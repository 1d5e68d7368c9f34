using System.Text;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Actor;
using TurnServer.Admin.Front;
using TurnServer.Tests.Admin;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>The query that health checks, metrics, status and the service manager put to the actor.</summary>
internal sealed class ActorProbeTests
{
    private readonly FakeTimeProvider _clock = new();

    private static ActorStatistics Statistics => HistoryTests.At(0).Actor!;

    [Test]
    public async Task CheckHealth_OfAnActorThatAnswers_IsNull()
    {
        await using var actor = ActorDriver.Started();
        Assert.That(await new ActorProbe(actor.Actor.GetStatisticsAsync, _clock).CheckHealthAsync(), Is.Null);
    }

    [Test]
    public async Task CheckHealth_OfAnActorThatCannotRecord_SaysSo_AsDoesTheAdminPort()
    {
        var probe = new ActorProbe(() => Task.FromResult(Statistics with { IsStalled = true }), _clock);
        Assert.That(await probe.CheckHealthAsync(), Does.Contain("cannot be recorded"));
        await AssertAdminSaysTheSameAsync(probe);
    }

    [Test]
    public async Task CheckHealth_OfALostState_SaysSo_AsDoesTheAdminPort()
    {
        var lost = Statistics with { StateFault = "the disk is gone" };
        var probe = new ActorProbe(() => Task.FromResult(lost), _clock);
        Assert.That(await probe.CheckHealthAsync(), Does.StartWith("the disk is gone: "));
        await AssertAdminSaysTheSameAsync(probe);
    }

    [Test]
    public async Task CheckHealth_OfABusyOrFailedActor_SaysThatItDoesNotAnswer()
    {
        foreach (var why in new Exception[] { new ActorBusyException(), new ActorFailedException(new IOException()) })
        {
            var probe = new ActorProbe(() => Task.FromException<ActorStatistics>(why), _clock);
            Assert.That(await probe.CheckHealthAsync(), Does.Contain("does not answer"));
            await AssertAdminSaysTheSameAsync(probe);
        }
    }

    [Test]
    public async Task Count_OfAnActorThatDoesNotAnswerInTime_IsNull_AndTheQuestionIsNotAskedAgain()
    {
        var asked = 0;
        var answer = new TaskCompletionSource<ActorStatistics>();
        var probe = new ActorProbe(() =>
        {
            asked++;
            return answer.Task;
        }, _clock);
        for (var i = 0; i < 3; i++)
        {
            var counting = probe.GetStatisticsAsync();
            Assert.That(counting.IsCompleted, Is.False);
            _clock.Advance(ActorProbe.Timeout);
            Assert.That(await TestWait.ForAsync(counting), Is.Null);
        }

        Assert.That(asked, Is.EqualTo(1));
        answer.SetResult(Statistics);
        Assert.That(await TestWait.ForAsync(probe.GetStatisticsAsync()), Is.Not.Null);
        Assert.That(asked, Is.EqualTo(2));
    }

    [Test]
    public void Count_ThatIsCancelled_Throws()
    {
        using var stop = new CancellationTokenSource();
        var probe = new ActorProbe(() => new TaskCompletionSource<ActorStatistics>().Task, _clock);
        var counting = probe.GetStatisticsAsync(stop.Token);
        stop.Cancel();
        Assert.That(async () => await TestWait.ForAsync(counting), Throws.InstanceOf<OperationCanceledException>());
    }

    private static async Task AssertAdminSaysTheSameAsync(ActorProbe probe)
    {
        var page = await AdminEndpoints.CheckHealthAsync(probe);
        Assert.That((page.Status, Encoding.UTF8.GetString(page.Body)),
            Is.EqualTo((503, await probe.CheckHealthAsync() + "\n")));
    }
}
