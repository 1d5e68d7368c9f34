using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdClusterPlanTests : EtcdFixture
{
    [Test]
    public async Task Agree_NewCluster_IsWhatTheFirstWants([Values(0, 1, 2, 64, 256)] int wanted)
    {
        Assert.That(await AgreeAsync(wanted), Is.EqualTo(wanted));
        // Again, as after a reply that was lost, and as another server.
        Assert.That(await AgreeAsync(wanted), Is.EqualTo(wanted));
        Assert.That(await AgreeAsync(wanted == 0 ? 64 : 0), Is.EqualTo(wanted));
        Assert.That(await ReadAsync(), Is.EqualTo($"{wanted}"));
    }

    [Test]
    public async Task Agree_SeveralAtOnce_AllGetWhatOneOfThemWants()
    {
        const int Rounds = 50;
        int[] wishes = [0, 4, 16, 64];
        var connections = wishes.Select(_ => Connect()).ToList();
        var plan = EtcdKeys.PlanOf(connections[0].Options.Name);
        for (var round = 0; round < Rounds; round++)
        {
            var agreed = await Task.WhenAll(wishes.Zip(connections,
                (wanted, connection) => EtcdClusterPlan.AgreeAsync(connection, wanted, default)));
            Assert.That(wishes, Does.Contain(agreed[0]));
            Assert.That(agreed, Has.All.EqualTo(agreed[0]));
            Assert.That(await ReadAsync(), Is.EqualTo($"{agreed[0]}"));
            var delete = new DeleteRangeRequest { Key = plan };
            await connections[0].ReadAsync(
                (etcd, options) => etcd.Kv.DeleteRangeAsync(delete, options).ResponseAsync, default);
        }
    }

    [Test]
    public async Task Agree_ClusterOfBefore_HasOneTable()
    {
        await TakeOverAsync(OpenLog(), ShardHead.None);
        Assert.That(await AgreeAsync(64), Is.Zero);
        Assert.That(await AgreeAsync(64), Is.Zero);
        Assert.That(await ReadAsync(), Is.EqualTo("0"));
    }

    [Test]
    public async Task Agree_ShardsThatAreOwned_StayAsManyAsTheyWere()
    {
        Assert.That(await AgreeAsync(8), Is.EqualTo(8));
        await TakeOverAsync(OpenLog(ShardRole.Lobby(8)), ShardHead.None);
        Assert.That(await AgreeAsync(16), Is.EqualTo(8));
    }

    [Test]
    public async Task Agree_DamagedValue_Throws([Values("", "x", "3", "-1", "2048", "64 ")] string value)
    {
        var connection = Connect();
        var plan = EtcdKeys.PlanOf(connection.Options.Name);
        var put = new PutRequest { Key = plan, Value = ByteString.CopyFromUtf8(value) };
        await connection.ReadAsync((etcd, options) => etcd.Kv.PutAsync(put, options).ResponseAsync, default);
        Assert.That(() => AgreeAsync(64), Throws.TypeOf<StateDamagedException>().With.Message.EqualTo(
            $"etcd's key {plan.ToStringUtf8()} holds \"{value}\", which is no number of shards: 0, or a power of two "
            + "up to 256"));
    }

    [Test]
    public void Agree_WishThatCannotBe_Throws([Values(-1, 3, 2048, int.MinValue)] int wanted) =>
        Assert.That(() => AgreeAsync(wanted), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Agree_NobodyListens_IsUnavailable()
    {
        var options = new EtcdOptions { Endpoints = [new($"http://127.0.0.1:{Ports.Next()}")], ReadTimeout = default };
        using var connection = new EtcdConnection(options);
        Assert.That(() => EtcdClusterPlan.AgreeAsync(connection, 64, default),
            Throws.TypeOf<LogUnavailableException>());
    }

    private Task<int> AgreeAsync(int wanted) => EtcdClusterPlan.AgreeAsync(Connect(), wanted, default);

    private async Task<string?> ReadAsync()
    {
        var connection = Connect();
        var request = new RangeRequest { Key = EtcdKeys.PlanOf(connection.Options.Name) };
        var reply = await connection.ReadAsync(
            (etcd, options) => etcd.Kv.RangeAsync(request, options).ResponseAsync, default);
        return reply.Value()?.ToStringUtf8();
    }
}
