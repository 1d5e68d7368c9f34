using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>Addresses that lead to one etcd, or to several that know nothing of each other.</summary>
internal sealed class EtcdAgreementTests : EtcdFixture
{
    private static readonly ByteString Key = EtcdMembers.KeyOf("test", "one-1");

    private Uri Name => new($"http://localhost:{Cluster.AddressOf(0).Port}");

    [Test]
    public async Task Check_OneEtcdUnderTwoAddresses_IsOneCluster()
    {
        using var connection = ConnectTo(Cluster.AddressOf(0), Name);
        await DeleteAsync(connection);
        Assert.That(await CheckAsync(connection), Is.EqualTo(new EtcdAgreement(false, null)), "nobody has the key");
        await PutAsync(connection);
        Assert.That(await CheckAsync(connection), Is.EqualTo(new EtcdAgreement(true, null)));
    }

    [Test]
    public async Task Check_KeyThatComesAndGoes_IsNeverASplit()
    {
        using var connection = ConnectTo(Cluster.AddressOf(0), Name);
        using var other = ConnectTo(Cluster.AddressOf(0));
        for (var count = 0; count < 50; count++)
        {
            var changing = count % 2 == 0 ? PutAsync(other) : DeleteAsync(other);
            Assert.That((await CheckAsync(connection)).Split, Is.Null);
            await changing;
        }
    }

    [Test]
    public async Task Check_TwoEtcds_NamesThem()
    {
        await using var second = await EtcdCluster.StartAsync(1);
        using var connection = ConnectTo(second.AddressOf(0), Cluster.AddressOf(0), Name);
        using var first = ConnectTo(Cluster.AddressOf(0));
        await PutAsync(first);
        var (has, lacks) = (connection.Endpoints[1].Address, connection.Endpoints[0].Address);
        Assert.That((await CheckAsync(connection)).Split,
            Does.StartWith($"etcd at {has} and etcd at {lacks} are not one cluster"));

        // It has another key of the same name.
        using var elsewhere = ConnectTo(second.AddressOf(0));
        await PutAsync(elsewhere);
        await PutAsync(elsewhere);
        await DeleteAsync(elsewhere);
        await PutAsync(elsewhere);
        Assert.That((await CheckAsync(connection)).Split, Is.Not.Null);

        second.Kill(0);
        Assert.That(await CheckAsync(connection), Is.EqualTo(new EtcdAgreement(false, null)),
            "what does not answer proves nothing");
    }

    [Test]
    public async Task Check_ThreeMembers_AreOneCluster()
    {
        await using var three = await EtcdCluster.StartAsync(3);
        using var connection = new EtcdConnection(three.PatientOptions);
        await PutAsync(connection);
        Assert.That(await CheckAsync(connection), Is.EqualTo(new EtcdAgreement(true, null)));
    }

    private EtcdConnection ConnectTo(params Uri[] endpoints) =>
        new(Cluster.PatientOptions with { Endpoints = endpoints });

    private static Task<EtcdAgreement> CheckAsync(EtcdConnection connection) =>
        EtcdAgreement.CheckAsync(connection, Key, default);

    private static async Task PutAsync(EtcdConnection connection) => await connection.ReadAsync((etcd, options) =>
        etcd.Kv.PutAsync(new PutRequest { Key = Key, Value = Key }, options).ResponseAsync, default);

    private static async Task DeleteAsync(EtcdConnection connection) => await connection.ReadAsync((etcd, options) =>
        etcd.Kv.DeleteRangeAsync(new DeleteRangeRequest { Key = Key }, options).ResponseAsync, default);
}
