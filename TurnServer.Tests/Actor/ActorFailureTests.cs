using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>Rules that throw: all pending requests fail, and the loop ends with the exception.</summary>
public sealed class ActorFailureTests
{
    private const int ActorFailed = 20;

    [Test]
    public async Task ABug_FailsCurrentHeldAndQueuedRequests_AndEndsTheLoop()
    {
        await using var actor = new ActorDriver(new BrokenAfter(1));
        var registered = actor.Ask("0,Ann,*,*,*");
        var held = actor.Ask("2,*,0,*,*", waitSeconds: 10);
        var failing = actor.Ask("0,Bob,*,*,*");
        var queued = actor.Ask("2,*,0,*,*");
        var query = actor.Actor.QueryAsync(table => table.PlayerCount);
        var drain = actor.Actor.DrainAsync();
        actor.Start();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await actor.Loop, Throws.TypeOf<BrokenException>());
            Assert.That(ActorDriver.Text(await TestWait.ForAsync(registered)), Is.EqualTo("0/0/0"));
            foreach (var waiting in new[] { held, failing, queued, query, drain })
            {
                Assert.That(async () => await TestWait.ForAsync(waiting),
                    Throws.TypeOf<ActorFailedException>().With.InnerException.TypeOf<BrokenException>());
            }
        }
    }

    [Test]
    public async Task ABug_IsLoggedOnce_AsCritical()
    {
        await using var actor = ActorDriver.Started(new BrokenAfter(0));
        var failing = actor.Ask("0,Ann,*,*,*");
        Assert.That(async () => await actor.Loop, Throws.TypeOf<BrokenException>());
        Assert.That(async () => await TestWait.ForAsync(failing), Throws.TypeOf<ActorFailedException>());
        var entry = actor.Log.Entries.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((entry.Level, entry.Id), Is.EqualTo((LogLevel.Critical, ActorFailed)));
            Assert.That(entry.Exception, Is.TypeOf<BrokenException>());
        }
    }

    [Test]
    public async Task ABug_DoesNotHaveThePosterStopTheServer()
    {
        // NUnit's synchronization context would do so anyway.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await using var actor = ActorDriver.Started(new BrokenAfter(0));
        using var posted = new ManualResetEventSlim();
        var stopped = actor.Loop.ContinueWith(_ => posted.Wait(TestWait.Timeout), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var failing = actor.Ask("0,Ann,*,*,*");
        posted.Set();
        Assert.That(await TestWait.ForAsync(stopped));
        Assert.That(async () => await TestWait.ForAsync(failing), Throws.TypeOf<ActorFailedException>());
    }

    [Test]
    public async Task AfterABug_NewMessagesAreRefusedAtOnce()
    {
        await using var actor = ActorDriver.Started(new BrokenAfter(0));
        var failing = actor.Ask("0,Ann,*,*,*");
        Assert.That(async () => await TestWait.ForAsync(failing), Throws.TypeOf<ActorFailedException>());
        Assert.That(async () => await actor.Loop, Throws.TypeOf<BrokenException>());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await actor.Send("0,Bob,*,*,*"), Is.EqualTo("23/*/*"));
            Assert.That(async () => await TestWait.ForAsync(actor.Actor.QueryAsync(table => table.PlayerCount)),
                Throws.TypeOf<ActorBusyException>());
            Assert.That(async () => await TestWait.ForAsync(actor.Actor.DrainAsync()), Throws.Exception);
        }
    }

    [Test]
    public async Task AQueryThatThrows_Fails_AndEndsTheLoop()
    {
        await using var actor = ActorDriver.Started();
        var query = actor.Actor.QueryAsync<int>(_ => throw new BrokenException());
        Assert.That(async () => await TestWait.ForAsync(query),
            Throws.TypeOf<ActorFailedException>().With.InnerException.TypeOf<BrokenException>());
        Assert.That(async () => await actor.Loop, Throws.TypeOf<BrokenException>());
    }

    /// <summary>A source that throws after some keys.</summary>
    private sealed class BrokenAfter(int keys) : IKeySource
    {
        private int _drawn;

        public ulong Draw() => _drawn < keys ? (ulong)_drawn++ : throw new BrokenException();
    }

    private sealed class BrokenException : Exception;
}
