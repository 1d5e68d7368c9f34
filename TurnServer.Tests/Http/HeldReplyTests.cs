using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Held replies over a real connection (PROTOCOL.md, "Waiting for news").</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HeldReplyTests() : ServerFixture("--max-wait", "1", "--log-level", "debug")
{
    private const string Prefer = "Prefer: wait=100";

    [Test]
    public async Task Preference_Applied_is_limited_to_max_wait()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync("0,Alone,*,Nobody,*");
        var startedAt = Stopwatch.GetTimestamp();
        var reply = await client.PostAsync($"2,*,{key},*,*", Prefer);
        Assert.That((reply.Body, reply["Preference-Applied"]), Is.EqualTo(("0/2/*", "wait=1")));
        Assert.That(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, Is.InRange(0.99, 10));
    }

    [Test]
    public async Task A_held_reply_is_sent_when_there_is_news()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "News");
        await pair.Players[0].SendAsync(RawHttp.Post(pair.Update(0, 0, ""), "Prefer: wait=1"));
        await pair.Players[1].PostAsync(pair.Update(1, 0, "turn"));
        var reply = await pair.Players[0].ReadReplyAsync();
        Assert.That(reply.Body, Is.EqualTo("0/9/turn"));
    }

    [Test]
    public async Task Turn_Received_acknowledges_turns_and_the_rest_is_sent_again()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Received");
        await pair.Players[1].PostAsync(pair.Update(1, 0, "b0"));
        await pair.Players[1].PostAsync(pair.Update(1, 1, "b1"));
        await pair.Players[0].PostAsync(pair.Update(0, 0, ""));
        var rest = await pair.Players[0].PostAsync(pair.Update(0, 1, ""), "Turn-Received: 2");
        var malformed = await pair.Players[0].PostAsync(pair.Update(0, 2, ""), "Turn-Received: all");
        Assert.That((rest.Body, malformed.Body), Is.EqualTo(("0/9/b1", "4/2/*")));
    }

    [Test]
    public async Task A_reply_that_was_not_held_has_no_Preference_Applied()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Prompt");
        await pair.Players[1].PostAsync(pair.Update(1, 0, "turn"));
        var update = await pair.Players[0].PostAsync(pair.Update(0, 0, ""), Prefer);
        var register = await pair.Players[0].PostAsync("0,Eager,*,Nobody,*", Prefer);
        var refused = await pair.Players[0].PostAsync("2,*,1,*,*", Prefer);
        RawReply[] replies = [update, register, refused];
        Assert.That(replies.Select(reply => reply.Body[..4]), Is.EqualTo(new[] { "0/9/", "0/0/", "5/*/" }));
        Assert.That(replies.Select(reply => reply["Preference-Applied"]), Has.All.Null);
    }

    [TestCase("Prefer: wait=0")]
    [TestCase("Prefer: wait=soon")]
    [TestCase("Prefer: respond-async")]
    public async Task An_unknown_preference_is_ignored(string prefer)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync("0,Alone,*,Nobody,*");
        var reply = await client.PostAsync($"2,*,{key},*,*", prefer);
        Assert.That((reply.Body, reply["Preference-Applied"]), Is.EqualTo(("0/2/*", (string?)null)));
    }

    [Test]
    public async Task A_client_that_disconnects_while_its_reply_is_held_keeps_its_registration()
    {
        var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync("0,Leaver,*,Nobody,*");
        await client.SendAsync(RawHttp.Post($"2,*,{key},*,*", Prefer));
        client.Reset();
        await using var other = await RawHttp.ConnectAsync(Server.Port);
        var reply = await other.PostAsync($"2,*,{key},*,*", Prefer);
        Assert.That(reply.Body, Is.EqualTo("0/2/*"), "the registration outlives the connection");
        await Server.WaitForLogAsync("connection reset");
        Assert.That(Server.Errors, Does.Not.Contain("error:"));
    }
}
