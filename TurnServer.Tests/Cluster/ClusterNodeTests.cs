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
    private TestServer _owner = null!;
    private TestServer _standby = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _cluster = new TestCluster(TimeProvider.System);
        _owner = _cluster.Start("one");
        await _owner.UntilOwnerAsync();
        _standby = _cluster.Start("two");
        await UntilFollowingAsync(_standby);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _owner.DisposeAsync();
        await _standby.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Test]
    public async Task A_standby_passes_requests_on_to_the_owner()
    {
        var ann = await RegisterAsync(_standby, "ann");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await _owner.AskAsync($"2,*,{ann},*,*"), Is.EqualTo("0/2/*"));
            Assert.That(await _standby.GetWaitingAsync(), Is.EqualTo("1 0"));
            Assert.That(_standby.IsOwner, Is.False);
        }
    }

    [Test]
    public async Task A_game_goes_on_with_the_next_counter_when_the_owner_dies()
    {
        var (ann, bob) = await StartGameAsync();
        await _standby.AskAsync($"6,first,{ann},0");
        _owner.Kill();
        await _standby.UntilOwnerAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await _standby.AskAsync($"6,first,{ann},0"), Is.EqualTo("0/11/*"));
            Assert.That(await _standby.AskAsync($"6,second,{ann},1"), Is.EqualTo("0/10/*"));
            Assert.That(await _standby.AskAsync($"6,,{bob},0"), Is.EqualTo("0/9/first|second"));
            Assert.That(_standby.Node.GetStatus().TakeOvers[^1].Cause, Is.EqualTo("owner gone"));
        }
    }

    [Test]
    public async Task A_held_reply_survives_the_owner()
    {
        var (ann, bob) = await StartGameAsync();
        var held = _standby.AskAsync($"6,,{bob},0", waitSeconds: 60);
        await TestWait.UntilAsync(async () => (await _owner.Node.GetStatisticsAsync()).HeldReplies == 1, "it is held");
        _owner.Kill();
        await _standby.UntilOwnerAsync();
        // The owner that died answers nothing; as its link breaks, the request is asked again.
        _owner.Access.Thaw();
        await TestWait.UntilAsync(async () => (await _standby.Node.GetStatisticsAsync()).HeldReplies == 1,
            "it is held again");
        await _standby.AskAsync($"6,news,{ann},0");
        Assert.That(await held, Is.EqualTo("0/11/news"));
    }

    [Test]
    public async Task An_ordered_stop_hands_the_table_over_and_answers_what_is_held()
    {
        var (_, bob) = await StartGameAsync();
        var held = _owner.AskAsync($"6,,{bob},0", waitSeconds: 60);
        await TestWait.UntilAsync(async () => (await _owner.Node.GetStatisticsAsync()).HeldReplies == 1, "it is held");
        await _owner.Node.HandOverAsync();
        await _standby.UntilOwnerAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await held, Is.EqualTo("0/10/*"));
            Assert.That(await _owner.AskAsync($"6,,{bob},1"), Is.EqualTo("0/10/*"), "passed on to the new owner");
            Assert.That(_standby.Node.GetStatus().TakeOvers[^1].Cause, Is.EqualTo("handed over"));
        }
    }

    [Test]
    public async Task An_owner_that_was_frozen_answers_nothing_and_stands_by()
    {
        var (ann, bob) = await StartGameAsync();
        _owner.Access.Freeze();
        var underWay = _owner.Gateway.AnswerAsync(Request($"6,lost,{ann},0")).AsTask();
        var waiting = _owner.Gateway.AnswerAsync(Query("")).AsTask();
        _cluster.Store.RemoveMember(_owner.Id);
        await _standby.UntilOwnerAsync();
        Assert.That(await _standby.AskAsync($"6,,{bob},0"), Is.EqualTo("0/10/*"));
        _owner.Access.Thaw();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await underWay).Outcome, Is.EqualTo(ForwardOutcome.Unknown));
            Assert.That((await waiting).Outcome, Is.Not.EqualTo(ForwardOutcome.Replied));
        }

        await UntilFollowingAsync(_owner);
        Assert.That(_owner.IsOwner, Is.False);
    }

    [Test]
    public async Task A_request_whose_outcome_is_unknown_is_asked_again_unless_it_is_a_REGISTER_without_a_token()
    {
        _owner.Access.Freeze();
        var withToken = _owner.AskAsync("0,ann,*,*,token");
        var without = _owner.AskAsync("0,bob,*,*,*");
        _cluster.Store.RemoveMember(_owner.Id);
        await _standby.UntilOwnerAsync();
        _cluster.Store.SetMember(_standby.Node.GetStatus().Members.Single());
        _owner.Access.Thaw();
        Assert.That(await withToken, Does.StartWith("0/0/"));
        Assert.That(async () => await without, Throws.TypeOf<OutcomeUnknownException>());
        Assert.That(await _standby.GetWaitingAsync(), Does.StartWith("1 "));
    }

    [Test]
    public async Task Requests_wait_until_there_is_an_owner()
    {
        _owner.Kill();
        _standby.Access.IsCutOff = true;
        var request = _standby.AskAsync("0,ann,*,*,token");
        Assert.That(request.IsCompleted, Is.False);
        _standby.Access.IsCutOff = false;
        Assert.That(await request, Does.StartWith("0/0/"));
    }

    [Test]
    public async Task The_last_server_refuses_requests_once_it_stops()
    {
        _standby.Kill();
        await TestWait.UntilAsync(() => _owner.Node.GetStatus().Members.Count == 1, "it is alone");
        await _owner.Node.HandOverAsync();
        Assert.That(await _owner.AskAsync("0,ann,*,*,*"), Is.EqualTo("23/*/*"));
    }

    [Test]
    public async Task A_server_of_an_earlier_version_passes_requests_on_and_does_not_take_over()
    {
        var table = _cluster.Store.Head;
        // As a later version would: its first batch says which rules it has.
        var batch = new TakeOver
        {
            Owner = "three",
            Cause = "test",
            At = DateTimeOffset.UnixEpoch,
            Settings = new StateSettings(new RulesOptions(), false),
            Grace = TimeSpan.Zero,
        }.ToBatch().ToArray();
        batch[BatchContent.HeadBytes] = StateFormat.RulesVersion + 1;
        while (!_cluster.Store.TryAppend(table, table.TakenOverBy("three"), batch))
            table = _cluster.Store.Head;
        await TestWait.UntilAsync(() => _standby.Log.Entries.Any(entry => entry.Id == 69), "it says that it cannot");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_standby.Log.Entries.Single(entry => entry.Id == 69).Text, Does.Contain("records of version 4"));
            Assert.That(_standby.IsOwner, Is.False);
            Assert.That((await _standby.Node.GetStatisticsAsync()).Problem, Does.Contain("records of version 4"));
        }
    }

    [Test]
    public async Task A_standby_that_the_log_has_left_behind_begins_again_with_a_snapshot()
    {
        _standby.Access.Freeze();
        var token = 0;
        while (_cluster.Store.Snapshot is null || _cluster.Store.Head.Position < 2 * SharedStore.Capacity)
            await _owner.AskAsync($"0,ann,*,*,t{token++ % 50}");
        _standby.Access.Thaw();
        await UntilFollowingAsync(_standby);
        Assert.That((await _standby.Node.GetStatisticsAsync()).Table.Players, Is.EqualTo(50));
    }

    private static ForwardedRequest Request(string body) =>
        new(System.Text.Encoding.UTF8.GetBytes(body), null, 0, ClientAddress.OfBits(1), false);

    private static ForwardedRequest Query(string query) =>
        new(System.Text.Encoding.UTF8.GetBytes(query), null, 0, default, true);

    private Task UntilFollowingAsync(TestServer server) => TestWait.UntilAsync(
        () => server.Node.Route.Owner is not null && server.Node.GetStatus().Position == _cluster.Store.Head.Position,
        $"{server.Id} follows");

    private static async Task<string> RegisterAsync(TestServer server, string name) =>
        (await server.AskAsync($"0,{name},*,*,{name}"))["0/0/".Length..];

    // Returns "KEY,PLAYER" of both seats.
    private async Task<(string Ann, string Bob)> StartGameAsync()
    {
        var ann = await RegisterAsync(_standby, "ann");
        var bob = await RegisterAsync(_owner, "bob");
        foreach (var symbol in (int[])[2, 2, 3, 4])
        {
            await _owner.AskAsync($"{symbol},*,{ann},*,*");
            await _standby.AskAsync($"{symbol},*,{bob},*,*");
        }

        return (await SeatAsync(ann), await SeatAsync(bob));

        async Task<string> SeatAsync(string key) =>
            (await _owner.AskAsync($"4,*,{key},*,*"))["0/8/".Length..].Replace('|', ',');
    }
}
