using System.Text;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>Servers of one cluster in this process, on a store in memory.</summary>
public sealed class ClusterNodeTests
{
    private TestCluster _cluster = null!;
    private TestServer[] _servers = [];

    private TestServer Owner => _servers[0];

    private TestServer Standby => _servers[1];

    [SetUp]
    public async Task StartAsync()
    {
        _cluster = new TestCluster(TimeProvider.System);
        var first = _cluster.Start("one");
        await first.UntilOwnerAsync();
        _servers = [first, _cluster.Start("two")];
        await Standby.UntilFollowingAsync();
    }

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task A_standby_passes_requests_on_to_the_owner()
    {
        var ann = await RegisterAsync(Standby, "ann");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Owner.AskAsync($"2,*,{ann},*,*"), Is.EqualTo("0/2/*"));
            Assert.That(await Standby.GetWaitingAsync(), Is.EqualTo("1 0"));
            Assert.That(Standby.IsOwner, Is.False);
        }
    }

    [Test]
    public async Task A_game_goes_on_with_the_next_counter_when_the_owner_dies()
    {
        var (ann, bob) = await StartGameAsync();
        await Standby.AskAsync($"6,first,{ann},0");
        Owner.Kill();
        await Standby.UntilOwnerAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Standby.AskAsync($"6,first,{ann},0"), Is.EqualTo("0/11/*"));
            Assert.That(await Standby.AskAsync($"6,second,{ann},1"), Is.EqualTo("0/10/*"));
            Assert.That(await Standby.AskAsync($"6,,{bob},0"), Is.EqualTo("0/9/first|second"));
            Assert.That(Standby.Overview.GetStatus().TakeOvers[^1].Cause, Is.EqualTo("owner gone"));
        }
    }

    [Test]
    public async Task A_held_reply_survives_the_owner()
    {
        var (ann, bob) = await StartGameAsync();
        var held = Standby.AskAsync($"6,,{bob},0", waitSeconds: 60);
        await TestWait.UntilAsync(async () => (await Owner.Overview.GetStatisticsAsync()).HeldReplies == 1,
            "it is held");
        Owner.Kill();
        await Standby.UntilOwnerAsync();
        // The owner that died answers nothing; as its link breaks, the request is asked again.
        Owner.Access.Thaw();
        await TestWait.UntilAsync(async () => (await Standby.Overview.GetStatisticsAsync()).HeldReplies == 1,
            "it is held again");
        await Standby.AskAsync($"6,news,{ann},0");
        // 0/9 or 0/11: the owner may have died before its update was in the log.
        Assert.That(await held, Does.EndWith("/news"));
    }

    [Test]
    public async Task An_ordered_stop_hands_the_table_over_and_answers_what_is_held()
    {
        var (_, bob) = await StartGameAsync();
        var held = Owner.AskAsync($"6,,{bob},0", waitSeconds: 60);
        await TestWait.UntilAsync(async () => (await Owner.Overview.GetStatisticsAsync()).HeldReplies == 1,
            "it is held");
        await Owner.Node.HandOverAsync();
        await Standby.UntilOwnerAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await held, Is.EqualTo("0/10/*"));
            Assert.That(await Owner.AskAsync($"6,,{bob},1"), Is.EqualTo("0/10/*"), "passed on to the new owner");
            Assert.That(Standby.Overview.GetStatus().TakeOvers[^1].Cause, Is.EqualTo("handed over"));
        }
    }

    [Test]
    public async Task An_owner_that_was_frozen_answers_nothing_and_stands_by()
    {
        var (ann, bob) = await StartGameAsync();
        Owner.Access.Freeze();
        var underWay = Owner.Gateway.AnswerAsync(Request($"6,lost,{ann},0")).AsTask();
        var waiting = Owner.Gateway.AnswerAsync(Query("")).AsTask();
        _cluster.Store.RemoveMember(Owner.Id);
        await Standby.UntilOwnerAsync();
        Assert.That(await Standby.AskAsync($"6,,{bob},0"), Is.EqualTo("0/10/*"));
        Owner.Access.Thaw();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await underWay).Outcome, Is.EqualTo(ForwardOutcome.Unknown));
            Assert.That((await waiting).Outcome, Is.Not.EqualTo(ForwardOutcome.Replied));
        }

        await Owner.UntilFollowingAsync();
        Assert.That(Owner.IsOwner, Is.False);
    }

    [Test]
    public async Task A_request_whose_outcome_is_unknown_is_asked_again_unless_it_is_a_REGISTER_without_a_token()
    {
        Owner.Access.Freeze();
        var withToken = Owner.AskAsync("0,ann,*,*,token");
        var without = Owner.AskAsync("0,bob,*,*,*");
        _cluster.Store.RemoveMember(Owner.Id);
        await Standby.UntilOwnerAsync();
        Owner.Access.Thaw();
        Assert.That(await withToken, Does.StartWith("0/0/"));
        Assert.That(async () => await without, Throws.TypeOf<OutcomeUnknownException>());
        Assert.That(await Standby.GetWaitingAsync(), Does.StartWith("1 "));
    }

    [Test]
    public async Task A_23_after_an_unknown_outcome_is_not_passed_on()
    {
        var busy = ForwardAnswer.Of(WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy)));
        var answers = new Queue<ForwardAnswer>([ForwardAnswer.Unknown, busy, LinkFixture.Reply("0/0/1")]);
        var gateway = new ClusterGateway(Standby.Node, (_, _) => new ValueTask<ForwardAnswer>(answers.Dequeue()),
            TimeProvider.System);
        var reply = await gateway.AskAsync("0,ann,*,*,token"u8.ToArray(), null, 0, ClientAddress.OfBits(1));
        Assert.That(Encoding.UTF8.GetString(reply.Body), Is.EqualTo("0/0/1"), "23 says that it was not taken");
    }

    [Test]
    public async Task Requests_wait_until_there_is_an_owner()
    {
        Owner.Kill();
        Standby.Access.IsCutOff = true;
        var request = Standby.AskAsync("0,ann,*,*,token");
        Assert.That(request.IsCompleted, Is.False);
        Standby.Access.IsCutOff = false;
        Assert.That(await request, Does.StartWith("0/0/"));
    }

    [Test]
    public async Task A_server_that_has_not_read_the_log_yet_is_not_healthy()
    {
        var third = _cluster.Start("three", isFrozen: true);
        Assert.That((await third.Overview.GetStatisticsAsync()).Problem,
            Is.EqualTo("this server has not read the log yet"));
        third.Access.Thaw();
        await third.UntilFollowingAsync();
        Assert.That((await third.Overview.GetStatisticsAsync()).Problem, Is.Null);
    }

    [Test]
    public async Task The_last_server_refuses_requests_once_it_stops()
    {
        Standby.Kill();
        await TestWait.UntilAsync(() => Owner.Overview.GetStatus().Members.Count == 1, "it is alone");
        await Owner.Node.HandOverAsync();
        Assert.That(await Owner.AskAsync("0,ann,*,*,*"), Is.EqualTo("23/*/*"));
    }

    [Test]
    public async Task A_server_of_an_earlier_version_passes_requests_on_and_does_not_take_over()
    {
        var table = _cluster.Store.Head;
        // As a later version would: its first batch says which rules it has.
        var batch = ClusterPieces.TakeOverBy("three").ToArray();
        batch[BatchContent.HeadBytes] = StateFormat.RulesVersion + 1;
        while (!_cluster.Store.TryAppend(table, table.TakenOverBy("three"), batch))
            table = _cluster.Store.Head;
        await TestWait.UntilAsync(() => Standby.Log.Entries.Any(entry => entry.Id == 69), "it says that it cannot");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Standby.Log.Entries.Single(entry => entry.Id == 69).Text, Does.Contain("records of version 4"));
            Assert.That(Standby.IsOwner, Is.False);
        }

        await TestWait.UntilAsync(async () =>
            (await Standby.Overview.GetStatisticsAsync()).Problem?.Contains("records of version 4") ?? false,
            "it says so to whoever asks for its health");
    }

    [Test]
    public async Task A_standby_that_the_log_has_left_behind_begins_again_with_a_snapshot()
    {
        Standby.Access.Freeze();
        var token = 0;
        while (_cluster.Store.Snapshot is null || _cluster.Store.Head.Position < 2 * SharedStore.Capacity)
            await Owner.AskAsync($"0,ann,*,*,t{token++ % 50}");
        Standby.Access.Thaw();
        await Standby.UntilFollowingAsync();
        Assert.That((await Standby.Overview.GetStatisticsAsync()).Table.Players, Is.EqualTo(50));
    }

    private static ForwardedRequest Request(string body) =>
        new(Encoding.UTF8.GetBytes(body), null, 0, ClientAddress.OfBits(1));

    private static ForwardedRequest Query(string query) =>
        new(Encoding.UTF8.GetBytes(query), null, 0, default, ForwardedKind.WaitingQuery);

    private static async Task<string> RegisterAsync(TestServer server, string name) =>
        (await server.AskAsync($"0,{name},*,*,{name}"))["0/0/".Length..];

    // Returns "KEY,PLAYER" of both seats.
    private async Task<(string Ann, string Bob)> StartGameAsync()
    {
        var ann = await RegisterAsync(Standby, "ann");
        var bob = await RegisterAsync(Owner, "bob");
        foreach (var symbol in (int[])[2, 2, 3, 4])
        {
            await Owner.AskAsync($"{symbol},*,{ann},*,*");
            await Standby.AskAsync($"{symbol},*,{bob},*,*");
        }

        return (await SeatAsync(ann), await SeatAsync(bob));

        async Task<string> SeatAsync(string key) =>
            (await Owner.AskAsync($"4,*,{key},*,*"))["0/8/".Length..].Replace('|', ',');
    }
}
