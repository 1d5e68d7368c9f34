using TurnServer.Cluster;
using TurnServer.Cluster.Link;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Link;

/// <summary>Requests to another server of the cluster, over loopback.</summary>
internal sealed class LinkTests
{
    [Test]
    public async Task AskAsync_ThousandTimesAtOnce_IsAnsweredInAnyOrder()
    {
        const int Count = 1000;
        await using var link = new LinkFixture();
        var client = await link.ConnectAsync();
        var asking = Enumerable.Range(0, Count)
            .Select(i => client.AskAsync(LinkFixture.Request($"request {i}")).AsTask()).ToList();
        await link.UntilHeldAsync(Count);
        var held = link.Held.ToArray();
        new Random(1).Shuffle(held);
        foreach (var request in held)
            request.Source.SetResult(LinkFixture.Reply($"reply to {request.Body}"));
        var answers = await TestWait.ForAsync(Task.WhenAll(asking));
        Assert.That(answers.Select(answer => LinkFixture.TextOf(answer)),
            Is.EqualTo(Enumerable.Range(0, Count).Select(i => $"reply to request {i}")));
    }

    [Test]
    public async Task AskAsync_WhileAnotherReplyIsHeld_IsAnswered()
    {
        await using var link = new LinkFixture();
        var client = await link.ConnectAsync();
        var held = client.AskAsync(LinkFixture.Request("held")).AsTask();
        var other = client.AskAsync(LinkFixture.Request("other")).AsTask();
        await link.UntilHeldAsync(2);
        link.Held[1].Source.SetResult(LinkFixture.Reply("at once"));
        Assert.That(LinkFixture.TextOf(await TestWait.ForAsync(other)), Is.EqualTo("at once"));
        Assert.That(held.IsCompleted, Is.False);
        link.Held[0].Source.SetResult(LinkFixture.Reply("later"));
        Assert.That(LinkFixture.TextOf(await TestWait.ForAsync(held)), Is.EqualTo("later"));
    }

    [TestCase(ForwardOutcome.NotTaken)]
    [TestCase(ForwardOutcome.Unknown)]
    public async Task AskAsync_OfAServerWithoutTheShard_SaysSo(ForwardOutcome outcome)
    {
        await using var link = new LinkFixture();
        link.Answer = _ => new ValueTask<ForwardAnswer>(new ForwardAnswer(outcome, default));
        var client = await link.ConnectAsync();
        var answer = await TestWait.ForAsync(client.AskAsync(LinkFixture.Request("a")).AsTask());
        Assert.That(answer.Outcome, Is.EqualTo(outcome));
    }

    [Test]
    public async Task AskAsync_OfAServerThatThrows_IsUnknown_AndTheLinkGoesOn()
    {
        await using var link = new LinkFixture();
        link.Answer = _ => throw new InvalidOperationException("a bug");
        var client = await link.ConnectAsync();
        var answer = await TestWait.ForAsync(client.AskAsync(LinkFixture.Request("a")).AsTask());
        Assert.That(answer.Outcome, Is.EqualTo(ForwardOutcome.Unknown));
        Assert.That(link.Log.Entries.Single(entry => entry.Id == 85).Exception!.Message, Is.EqualTo("a bug"));
        link.Answer = _ => new ValueTask<ForwardAnswer>(LinkFixture.Reply("b"));
        answer = await TestWait.ForAsync(client.AskAsync(LinkFixture.Request("b")).AsTask());
        Assert.That(LinkFixture.TextOf(answer), Is.EqualTo("b"));
    }

    [Test]
    public async Task AskAsync_WithTheLargestBodies_IsAnswered_AndALargerOneIsNotTaken()
    {
        var fields = LinkCodec.LengthOf(LinkFixture.Request(""));
        var largest = new string('x', LinkLimits.RequestBytesMax - fields);
        var reply = new string('y', LinkLimits.AnswerBytesMax - LinkCodec.LengthOf(LinkFixture.Reply("")));
        await using var link = new LinkFixture();
        link.Answer = request => new ValueTask<ForwardAnswer>(request.Body.Length == largest.Length
            ? LinkFixture.Reply(reply)
            : LinkFixture.Reply(reply + "y"));
        var client = await link.ConnectAsync();
        var answer = await TestWait.ForAsync(client.AskAsync(LinkFixture.Request(largest)).AsTask());
        Assert.That(answer.Reply.Body, Has.Length.EqualTo(reply.Length));
        answer = await TestWait.ForAsync(client.AskAsync(LinkFixture.Request(largest + "x")).AsTask());
        Assert.That(answer.Outcome, Is.EqualTo(ForwardOutcome.NotTaken));
        answer = await TestWait.ForAsync(client.AskAsync(LinkFixture.Request("too long a reply")).AsTask());
        Assert.That(answer.Outcome, Is.EqualTo(ForwardOutcome.Unknown));
        Assert.That(client.Closed.IsCompleted, Is.False);
    }

    [Test]
    public async Task Requests_beyond_the_limit_wait_until_others_are_answered()
    {
        const int Limit = 4;
        const int Count = 40;
        await using var link = new LinkFixture(requestsInFlightMax: Limit);
        var client = await link.ConnectAsync();
        var asking = Enumerable.Range(0, Count)
            .Select(i => client.AskAsync(LinkFixture.Request($"{i}")).AsTask()).ToList();
        for (var answered = 0; answered < Count; answered++)
        {
            await link.UntilHeldAsync(Math.Min(answered + Limit, Count));
            Assert.That(link.Held, Has.Count.LessThanOrEqualTo(answered + Limit));
            link.Held[answered].Source.SetResult(LinkFixture.Reply("done"));
        }

        var answers = await TestWait.ForAsync(Task.WhenAll(asking));
        Assert.That(answers.Select(answer => answer.Outcome), Is.All.EqualTo(ForwardOutcome.Replied));
    }

    [Test]
    public async Task A_link_is_logged_by_both_sides_when_it_begins_and_once_when_it_is_lost()
    {
        await using var link = new LinkFixture();
        var client = await link.ConnectAsync();
        await link.UntilLoggedAsync(82, "standby");
        await link.UntilLoggedAsync(80, link.Address);
        client.Dispose();
        await link.UntilLoggedAsync(83, "standby");
        Assert.That(await TestWait.ForAsync(client.Closed), Does.Contain("this server"));
        Assert.That(link.Log.Entries.Count(entry => entry.Id == 81), Is.Zero, "the client ended it itself");
        Assert.That(link.Log.Entries.Count(entry => entry.Id == 83), Is.EqualTo(1));
    }

    [Test]
    public async Task DisposeAsync_OfAServer_SendsTheAnswersThatAreReady()
    {
        const int Count = 100;
        await using var link = new LinkFixture();
        var client = await link.ConnectAsync();
        var asking = Enumerable.Range(0, 2 * Count)
            .Select(i => client.AskAsync(LinkFixture.Request($"{i}")).AsTask()).ToList();
        await link.UntilHeldAsync(2 * Count);
        foreach (var held in link.Held.Take(Count))
            held.Source.SetResult(LinkFixture.Reply("ready"));
        await TestWait.ForAsync(link.Server.DisposeAsync().AsTask());
        var answers = await TestWait.ForAsync(Task.WhenAll(asking));
        Assert.That(answers.Count(answer => answer.Outcome == ForwardOutcome.Replied), Is.EqualTo(Count));
        Assert.That(answers.Count(answer => answer.Outcome == ForwardOutcome.Unknown), Is.EqualTo(Count));
        Assert.That(link.Server.Completion.IsCompletedSuccessfully, Is.True);
        Assert.That(await TestWait.ForAsync(client.Closed), Does.Contain("other server"));
        await link.UntilLoggedAsync(81, link.Address);
        // Late answers have nowhere to go.
        foreach (var held in link.Held.Skip(Count))
            held.Source.SetResult(LinkFixture.Reply("late"));
    }

    [Test]
    public async Task Dispose_OfAClient_CompletesAllItsRequests()
    {
        await using var link = new LinkFixture();
        var client = await link.ConnectAsync();
        var asking = Enumerable.Range(0, 100)
            .Select(i => client.AskAsync(LinkFixture.Request($"{i}")).AsTask()).ToList();
        await link.UntilHeldAsync(1);
        client.Dispose();
        var answers = await TestWait.ForAsync(Task.WhenAll(asking));
        Assert.That(answers[0].Outcome, Is.EqualTo(ForwardOutcome.Unknown));
        Assert.That(answers.Select(answer => answer.Outcome), Is.All.Not.EqualTo(ForwardOutcome.Replied));
        await TestWait.ForAsync(client.Closed);
        var later = await client.AskAsync(LinkFixture.Request("later"));
        Assert.That(later.Outcome, Is.EqualTo(ForwardOutcome.NotTaken));
    }
}
