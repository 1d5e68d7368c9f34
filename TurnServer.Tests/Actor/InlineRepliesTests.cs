using System.Runtime.CompilerServices;
using System.Threading.Channels;
using TurnServer.Actor;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>Which thread resumes those who await replies, and when.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class InlineRepliesTests
{
    private static readonly WireReply Reply = WireReply.Of(TurnServer.Protocol.Reply.Refuse(ErrorCode.NotRegistered));

    [Test]
    public async Task Who_awaits_a_held_reply_resumes_on_the_posting_thread()
    {
        await LeaveNUnit();
        await using var actor = ActorDriver.Started();
        var resumed = ThenAsync(await HoldAsync(actor), () => Environment.CurrentManagedThreadId);
        var poster = Environment.CurrentManagedThreadId;
        _ = PairAsync(actor);
        Assert.That(resumed.IsCompleted, "without a thread switch");
        Assert.That(resumed.Result, Is.EqualTo(poster));
    }

    [Test]
    public async Task Who_does_not_allow_it_resumes_on_the_pool()
    {
        await LeaveNUnit();
        await using var actor = ActorDriver.Started();
        using var posted = new ManualResetEventSlim();
        var resumed = ThenAsync(await HoldAsync(actor, mayResumeInline: false), () => posted.Wait(TestWait.Timeout));
        _ = PairAsync(actor);
        posted.Set();
        Assert.That(await TestWait.ForAsync(resumed));
    }

    [Test]
    public async Task Who_resumes_may_ask_the_actor_and_block_until_it_answers()
    {
        await LeaveNUnit();
        await using var actor = ActorDriver.Started();
        var resumed = ThenAsync(await HoldAsync(actor),
            () => actor.Actor.QueryAsync(_ => true).Wait(TestWait.Timeout));
        _ = PairAsync(actor);
        Assert.That(await TestWait.ForAsync(resumed));
    }

    [Test]
    public async Task Who_resumes_and_posts_does_not_resume_others_in_turn()
    {
        await LeaveNUnit();
        await using var actor = ActorDriver.Started();
        await using var other = ActorDriver.Started();
        using var posted = new ManualResetEventSlim();
        var inner = ThenAsync(await HoldAsync(other), () => posted.Wait(TestWait.Timeout));
        var outer = ThenAsync(await HoldAsync(actor), () =>
        {
            _ = PairAsync(other);
            posted.Set();
            return true;
        });
        _ = PairAsync(actor);
        Assert.That(await TestWait.ForAsync(outer));
        Assert.That(await TestWait.ForAsync(inner));
    }

    [Test]
    public async Task A_poster_resumes_only_a_few()
    {
        var replies = Enumerable.Range(0, 3 * InlineReplies.RepliesMax).Select(_ => Pending()).ToList();
        var resumed = replies.Select(reply => ThenAsync(reply.Task.AsTask(),
            () => Environment.CurrentManagedThreadId)).ToList();
        var poster = 0;
        var thread = new Thread(() =>
        {
            poster = Environment.CurrentManagedThreadId;
            InlineReplies.TryPost(new Mailbox(() => replies.ForEach(reply => reply.Complete(Reply))), replies[0]);
        });
        thread.Start();
        var threads = await TestWait.ForAsync(Task.WhenAll(resumed));
        Assert.That(threads.Count(id => id == poster), Is.EqualTo(InlineReplies.RepliesMax));
        thread.Join();
    }

    [Test]
    public void A_reply_that_is_left_to_the_poster_comes_after_the_post_even_if_the_actor_fails()
    {
        var pending = Pending();
        var isPosted = false;
        var resumed = ThenAsync(pending.Task.AsTask(), () => isPosted);
        InlineReplies.TryPost(new Mailbox(() =>
        {
            pending.Complete(Reply);
            pending.Fail(new ActorFailedException(new FormatException("a bug")));
            isPosted = true;
        }), pending);
        Assert.That(resumed.Result);
    }

    [Test]
    public async Task Without_a_poster_the_pool_resumes()
    {
        using var completed = new ManualResetEventSlim();
        var pending = Pending();
        var resumed = ThenAsync(pending.Task.AsTask(), () => completed.Wait(TestWait.Timeout));
        // As the thread does that makes records durable.
        pending.Defer(Reply);
        pending.Release();
        completed.Set();
        Assert.That(await TestWait.ForAsync(resumed));
    }

    // Its synchronization context would have everything resume on yet another thread.
    private static ConfiguredTaskAwaitable LeaveNUnit() =>
        Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    private static async Task<T> ThenAsync<T>(Task<WireReply> reply, Func<T> resume)
    {
        await reply.ConfigureAwait(false);
        return resume();
    }

    // A player who waits for a partner, and the request that is held until there is one.
    private static async Task<Task<WireReply>> HoldAsync(ActorDriver actor, bool mayResumeInline = true)
    {
        await actor.Send("0,Ann,*,*,*");
        var held = actor.Ask("2,*,0,*,*", waitSeconds: 10, mayResumeInline);
        await actor.Send("0,Bob,*,*,*");
        Assert.That(held.IsCompleted, Is.False);
        return held;
    }

    private static Task<WireReply> PairAsync(ActorDriver actor) => actor.Ask("2,*,1,*,*");

    private static PendingReply Pending() => new()
    {
        Request = default,
        Body = default,
        From = default,
        WaitSeconds = 0,
        MayResumeInline = true,
    };

    // Stands for the actor, whose loop runs while a message is posted.
    private sealed class Mailbox(Action loop) : ChannelWriter<Message>
    {
        public override bool TryWrite(Message item)
        {
            loop();
            return true;
        }

        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
