using System.Text;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules.Shards;

/// <summary>What a player sees while the lobby and the shards tell each other what they must.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ShardMessagesTests
{
    private readonly TableShards _shards = new(new RulesOptions(), gameShards: 4, () => new SequentialKeySource());
    private long _tickets;
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    [Test]
    public void The_second_ready_is_answered_when_the_shard_has_the_game()
    {
        Pair();
        Assert.That(Ask("4,*,0,*,*"), Is.EqualTo("0/7/*"));
        Assert.That(Ask("4,*,1,*,*", carries: false), Is.Null);
        _shards.CarryAll(_now);
        Assert.That(_shards.Replies.Single().Reply, Is.EqualTo("0/8/0|0"));
    }

    [Test]
    public void A_held_ready_is_answered_with_the_seat()
    {
        Pair();
        Assert.That(Ask("4,*,0,*,*", wait: 20), Is.Null);
        Assert.That(Ask("4,*,1,*,*"), Is.EqualTo("0/8/4|1, 0/8/0|0"));
    }

    [Test]
    public void The_first_update_is_answered_when_the_registration_has_ended()
    {
        Start();
        Assert.That(Ask("6,a,0,0,0", carries: false), Is.Null);
        Assert.That(_shards.Awaiting, Has.Count.EqualTo(1));
        Assert.That(_shards.Lobby.PlayerCount, Is.EqualTo(2));
        _shards.CarryAll(_now);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_shards.Replies.Single().Reply, Is.EqualTo("0/10/*"));
            Assert.That(_shards.Lobby.PlayerCount, Is.EqualTo(1));
        }

        Assert.That(Ask("6,b,0,0,1", carries: false), Is.EqualTo("0/10/*"), "no later one waits");
    }

    [Test]
    public void The_first_update_repeated_meanwhile_waits_as_well()
    {
        Start();
        Ask("6,a,0,0,0", carries: false);
        Assert.That(Ask("6,a,0,0,0", carries: false), Is.Null);
        _shards.CarryAll(_now);
        Assert.That(_shards.Replies.Select(reply => reply.Reply), Is.EquivalentTo(new[] { "0/10/*", "0/11/*" }));
    }

    [TestCase("2,*,0,*,*", "0/4/Bob")]
    [TestCase("3,*,0,*,*", "0/6/")]
    [TestCase("4,*,0,*,*", "0/8/4|1")]
    public void Requests_with_the_pairing_key_are_answered_until_the_seat_is_used(string body, string reply)
    {
        Start();
        Assert.That(Ask(body), Is.EqualTo(reply));
        Ask("6,a,4,1,0");
        Assert.That(Ask(body), Is.EqualTo("5/*/*"));
    }

    [Test]
    public void A_request_with_the_pairing_key_that_meets_the_end_of_the_registration_is_refused()
    {
        Start();
        Ask("6,a,4,1,0", carries: false);
        Assert.That(_shards.Lobby.PlayerCount, Is.EqualTo(2), "the lobby does not know yet");
        Assert.That(Ask("4,*,0,*,*"), Does.Contain("5/*/*"));
    }

    [Test]
    public void A_request_with_the_pairing_key_counts_for_the_seat()
    {
        Start();
        _now += new RulesOptions().GameTimeout - TimeSpan.FromSeconds(1);
        Ask("4,*,0,*,*");
        Ask("4,*,1,*,*");
        _now += TimeSpan.FromSeconds(2);
        Assert.That(Ask("6,a,0,0,0"), Is.EqualTo("0/10/*"));
    }

    [Test]
    public void Leaving_by_the_pairing_key_is_told_to_the_partner()
    {
        Start();
        Assert.That(Ask("1,*,0,*,*"), Is.EqualTo("0/1/*"));
        Assert.That(Ask("6,a,0,0,0"), Is.EqualTo("15/5/*"));
        Assert.That(Ask("1,*,0,*,*"), Is.EqualTo("5/*/*"));
    }

    [Test]
    public void A_token_of_a_player_in_a_game_gives_its_key_until_the_registration_has_ended()
    {
        Pair(token: "t");
        Ask("4,*,0,*,*");
        Ask("4,*,1,*,*");
        Assert.That(Ask("0,Ann,*,*,t"), Is.EqualTo("0/0/0"));
        Ask("6,a,4,1,0", carries: false);
        Assert.That(Ask("0,Ann,*,*,t"), Does.Contain("23/*/*"), "to be asked again");
        Assert.That(Ask("0,Ann,*,*,t"), Is.EqualTo("0/0/2"));
    }

    [Test]
    public void A_seat_that_falls_silent_ends_the_registration()
    {
        Start();
        _now += new RulesOptions().GameTimeout + TimeSpan.FromSeconds(1);
        foreach (var table in _shards.All)
            table.Tick(_now);
        _shards.CarryAll(_now);
        Assert.That(_shards.All.All(table => table.IsEmpty));
    }

    [Test]
    public void Games_go_to_the_shard_with_the_fewest()
    {
        for (var game = 0UL; game < 6; game++)
        {
            Pair(2 * game);
            Ask($"4,*,{2 * game},*,*");
            Ask($"4,*,{(2 * game) + 1},*,*");
        }

        Assert.That(_shards.All.Skip(1).Select(table => table.GameCount), Is.EqualTo(new[] { 2, 2, 1, 1 }));
    }

    [Test]
    public void The_limit_on_games_holds_over_all_shards()
    {
        var shards = new ShardMessagesTests(new RulesOptions { GamesMax = 1 });
        shards.Start();
        shards.Pair(2);
        shards.Ask("4,*,2,*,*");
        Assert.That(shards.Ask("4,*,3,*,*"), Is.EqualTo("12/*/*"));
        shards.Ask("5,*,0,0,*");
        shards.Ask("5,*,4,1,*");
        shards.Pair(4);
        shards.Ask("4,*,4,*,*");
        Assert.That(shards.Ask("4,*,5,*,*"), Is.EqualTo("0/8/8|0"));
    }

    [Test]
    public void What_is_lost_is_sent_again_and_what_comes_twice_is_applied_once()
    {
        Pair();
        Ask("4,*,0,*,*");
        Ask("4,*,1,*,*", carries: false);
        var frame = _shards.Lobby.FrameFor(_shards.Lobby.Channels[0], 0);
        _shards.All[1].Receive(frame, _now);
        _shards.All[1].Receive(frame, _now);
        _shards.CarryAll(_now);
        Assert.That(_shards.All[1].GameCount, Is.EqualTo(1));
        Assert.That(_shards.Replies.Single().Reply, Is.EqualTo("0/8/0|0"));
    }

    [Test]
    public void A_frame_behind_a_missing_one_is_ignored()
    {
        Start();
        Ask("4,*,0,*,*", carries: false);
        Ask("4,*,1,*,*", carries: false);
        var channel = _shards.Lobby.Channels[0];
        _shards.All[1].Receive(_shards.Lobby.FrameFor(channel, channel.Sent - 1), _now);
        Assert.That(_shards.All[1].Channels[0].Applied, Is.EqualTo(channel.Sent - 2));
        _shards.CarryAll(_now);
        Assert.That(_shards.Replies.Select(reply => reply.Reply), Is.EqualTo(new[] { "0/8/4|1", "0/8/0|0" }));
    }

    [Test]
    public void A_frame_is_limited_and_the_rest_follows()
    {
        var many = new ShardMessagesTests(new RulesOptions { PlayersPerAddressMax = 0 });
        var lobby = many._shards.Lobby;
        for (var game = 0UL; game < 1200; game++)
        {
            many.Pair(2 * game, carries: false, name: new string('x', 60));
            many.Ask($"4,*,{2 * game},*,*", carries: false);
            many.Ask($"4,*,{(2 * game) + 1},*,*", carries: false);
        }

        var frame = lobby.FrameFor(lobby.Channels[0], 0);
        Assert.That(frame.ToBytes(), Has.Length.LessThan(33_000));
        Assert.That(frame.Messages, Has.Count.LessThan(lobby.Channels[0].Unacknowledged.Count)
            .And.Count.GreaterThan(100));
        many._shards.CarryAll(_now);
        Assert.That(many._shards.All.Sum(table => table.GameCount), Is.EqualTo(1200));
    }

    [Test]
    public void Messages_of_several_steps_are_taken_together()
    {
        Start();
        var shard = _shards.All[1];
        while (shard.TryTakeFrame(out _, out _))
        {
            // What has been carried already.
        }

        _now += new RulesOptions().GameTimeout + TimeSpan.FromSeconds(1);
        shard.Tick(_now);
        shard.ReleaseAll(_now);
        Assert.That(shard.TryTakeFrame(out var peer, out var frame));
        Assert.That((peer, frame.Messages.Count), Is.EqualTo((0, 3)), "two registrations and the game have ended");
        Assert.That(shard.TryTakeFrame(out _, out _), Is.False);
    }

    [Test]
    public void A_request_at_the_wrong_shard_is_a_bug()
    {
        Assert.That(() => _shards.All[1].Apply(Arrival("0,Ann,*,*,*"), _now), Throws.ArgumentException);
        Assert.That(() => _shards.Lobby.Apply(Arrival("6,a,0,0,0"), _now), Throws.ArgumentException);
    }

    [Test]
    public void A_frame_of_no_shard_of_this_cluster_is_refused()
    {
        var frame = _shards.Lobby.FrameFor(_shards.Lobby.Channels[0], 0);
        Assert.That(() => _shards.Lobby.Receive(frame, _now), Throws.TypeOf<CorruptStateException>());
        Assert.That(() => new Table(new RulesOptions(), new SequentialKeySource()).Receive(frame, _now),
            Throws.TypeOf<CorruptStateException>());
    }

    [Test]
    public void A_restored_lobby_goes_on_with_what_is_under_way()
    {
        Pair();
        Ask("4,*,0,*,*");
        Ask("4,*,1,*,*", carries: false);
        var restored = TableSnapshotText.Read(TableSnapshotText.Parts(_shards.Lobby), new RulesOptions(),
            new SequentialKeySource(2), _shards.Lobby.Role);
        restored.Resume(new SequentialKeySource(2), TimeSpan.Zero);
        _shards.Replace(0, restored);
        _shards.CarryAll(_now);
        Assert.That(_shards.Replies, Is.Empty, "the request was lost with its server");
        Assert.That(Ask("4,*,1,*,*"), Is.EqualTo("0/8/0|0"));
    }

    public ShardMessagesTests()
    {
    }

    private ShardMessagesTests(RulesOptions options) =>
        _shards = new TableShards(options, gameShards: 4, () => new SequentialKeySource());

    private void Start()
    {
        Pair();
        Ask("4,*,0,*,*");
        Ask("4,*,1,*,*");
    }

    // Ann and Bob, with two pairing keys in a row; Bob hosts. Both load.
    private void Pair(ulong key = 0, string token = "*", bool carries = true, string name = "Ann")
    {
        Ask($"0,{name},*,*,{token}", carries: carries);
        Ask("0,Bob,*,*,*", carries: carries);
        Ask($"2,*,{key + 1},*,*", carries: carries);
        Ask($"3,*,{key},*,*", carries: carries);
        Ask($"3,*,{key + 1},*,*", carries: carries);
    }

    // The replies that leave because of a request; null: none.
    private string? Ask(string body, bool carries = true, int wait = 0)
    {
        _shards.Replies.Clear();
        _shards.Apply(Arrival(body, wait), _now);
        if (carries)
            _shards.CarryAll(_now);
        return _shards.Replies.Count == 0 ? null : string.Join(", ", _shards.Replies.Select(reply => reply.Reply));
    }

    private Arrival Arrival(string body, int wait = 0)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        Assert.That(RequestParser.TryParse(bytes, out var request, out _), body);
        return new Arrival
        {
            Ticket = new Ticket(++_tickets),
            Request = request,
            Body = bytes,
            From = TableDriver.Address("203.0.113.7"),
            Wait = TimeSpan.FromSeconds(wait),
        };
    }
}
