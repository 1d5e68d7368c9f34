using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdOwnersTests : EtcdFixture
{
    private const int OwnerIgnored = 79;

    private static readonly ShardRole Lobby = ShardRole.Lobby(4);

    private readonly RecordingLog _log = new();
    private OwnerMap _owners = null!;

    [SetUp]
    public void Watch() => _owners = new OwnerMap(new EtcdOwners(Connect(), _log));

    [TearDown]
    public async Task StopAsync() => await _owners.DisposeAsync();

    [Test]
    public async Task Watch_NobodyHasOwnedAnything_IsEmptyAtFirst() => await _owners.WaitForAsync();

    [Test]
    public async Task Watch_TakenOverAndHandedOver_IsTheHeadOfEachChange()
    {
        var log = OpenLog(Lobby);
        var head = await TakeOverAsync(log, ShardHead.None);
        await _owners.WaitForAsync("0: 1 1 a");
        head = await AppendAsync(log, head, 3);
        Assert.That(await log.TryAppendAsync(head, head.HandedOver(), BatchAt(5), default), Is.True);
        await _owners.WaitForAsync("0: 1 5 -");
        head = await TakeOverAsync(log, head.HandedOver(), "b");
        await _owners.WaitForAsync("0: 2 6 b");
        // The same server once more, as when it has not been told that it has taken over.
        await TakeOverAsync(log, head, "b");
        await _owners.WaitForAsync("0: 3 7 b");
    }

    [Test]
    public async Task Watch_SeveralShards_AreAllThereForWhoeverComesLater()
    {
        var games = OpenLog(Lobby with { Number = 3 });
        await AppendAsync(games, await TakeOverAsync(games, ShardHead.None), 5);
        await TakeOverAsync(OpenLog(Lobby), ShardHead.None, "b");
        await _owners.WaitForAsync("0: 1 1 b", "3: 1 1 a");
        await using var later = new OwnerMap(new EtcdOwners(Connect()));
        await later.WaitForAsync("0: 1 1 b", "3: 1 1 a");
    }

    [Test]
    public async Task Watch_RefusedTakeover_ChangesNothing()
    {
        var log = OpenLog(Lobby);
        var head = await TakeOverAsync(log, ShardHead.None);
        Assert.That(await log.TryAppendAsync(ShardHead.None, ShardHead.None.TakenOverBy("b"), BatchAt(1), default),
            Is.False);
        await TakeOverAsync(OpenLog(Lobby with { Number = 1 }), ShardHead.None, "c");
        await _owners.WaitForAsync("0: 1 1 a", "1: 1 1 c");
        Assert.That(await log.ReadHeadAsync(default), Is.EqualTo(head));
    }

    [Test]
    public async Task Watch_OneTable_WritesNoKeyThatEarlierVersionsDoNotKnow()
    {
        await TakeOverAsync(OpenLog(), ShardHead.None);
        var connection = Connect();
        var all = new RangeRequest
        {
            Key = ByteString.CopyFromUtf8($"/{connection.Options.Name}/"),
            RangeEnd = ByteString.CopyFromUtf8($"/{connection.Options.Name}0"),
        };
        var found = await connection.ReadAsync(
            (etcd, options) => etcd.Kv.RangeAsync(all, options).ResponseAsync, default);
        Assert.That(found.Kvs.Select(key => key.Key.ToStringUtf8().Split('/')[2]),
            Is.EqualTo(["epoch", "log", "shard"]));
    }

    [Test]
    public async Task Watch_DamagedKeys_AreLeftOutUntilATakeoverReplacesThem()
    {
        await TakeOverAsync(OpenLog(Lobby), ShardHead.None);
        await PutAsync("2", "nonsense");
        await PutAsync("02", "1 1 a");
        await PutAsync("x", "1 1 a");
        await TakeOverAsync(OpenLog(Lobby with { Number = 1 }), ShardHead.None);
        await _owners.WaitForAsync("0: 1 1 a", "1: 1 1 a");
        await TakeOverAsync(OpenLog(Lobby with { Number = 2 }), ShardHead.None);
        await _owners.WaitForAsync("0: 1 1 a", "1: 1 1 a", "2: 1 1 a");
        // The first may have been replaced before anybody saw it.
        Assert.That(_log.Entries.Select(entry => entry.Text).Distinct().Count(), Is.EqualTo(_log.Entries.Count));
        Assert.That(_log.Entries.Select(entry => entry.Id), Has.All.EqualTo(OwnerIgnored));
        Assert.That(_log.Entries[^1].Text, Does.EndWith("/owner/x: \"1 1 a\" says no owner of a shard"));
    }

    [Test]
    public async Task Watch_EtcdRestarted_GoesOn()
    {
        await TakeOverAsync(OpenLog(Lobby), ShardHead.None);
        await _owners.WaitForAsync("0: 1 1 a");
        Cluster.Kill(0);
        await Cluster.RestartAsync(0);
        var log = OpenLog(Lobby with { Number = 4 });
        // Waits until etcd answers, which an append does not.
        await log.ReadHeadAsync(default);
        await TakeOverAsync(log, ShardHead.None);
        await _owners.WaitForAsync("0: 1 1 a", "4: 1 1 a");
    }

    [Test]
    public async Task SharedOwners_TellTheSame()
    {
        var stores = Enumerable.Range(0, 3).Select(number => new SharedStore(new ShardRole(number, 2))).ToList();
        await using var owners = new OwnerMap(new SharedOwners(stores));
        await owners.WaitForAsync();
        var head = await TakeOverAsync(stores[2].Connect(), ShardHead.None);
        head = await AppendAsync(stores[2].Connect(), head, 2);
        await TakeOverAsync(stores[0].Connect(), ShardHead.None, "b");
        await owners.WaitForAsync("0: 1 1 b", "2: 1 1 a");
        stores[2].Append(head.HandedOver(), BatchAt(4));
        await owners.WaitForAsync("0: 1 1 b", "2: 1 4 -");
    }

    private async Task PutAsync(string shard, string value)
    {
        var connection = Connect();
        var put = new PutRequest
        {
            Key = ByteString.CopyFromUtf8(EtcdKeys.OwnersOf(connection.Options.Name) + shard),
            Value = ByteString.CopyFromUtf8(value),
        };
        await connection.ReadAsync((etcd, options) => etcd.Kv.PutAsync(put, options).ResponseAsync, default);
    }
}
