using System.Text.Json;
using TurnServer.Admin.Status;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Replication;

namespace TurnServer.Tests.Admin;

/// <summary>The cluster in status.json.</summary>
internal sealed class ClusterReportTests
{
    [Test]
    public void It_has_the_servers_takeovers_appends_and_etcd()
    {
        var json = Write(ClusterSamples.Status(behind: 7), new AppendTotals(6, 0, TimeSpan.FromMilliseconds(10), 0));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json, Does.StartWith("""
                {"name":"games","self":"one-1","owner":"one-1","epoch":3,"ownedSince":"2026-01-02T03:05:05Z","members":[
                """));
            Assert.That(json, Does.Contain("""
                {"id":"two-2","address":"10.0.0.2:2390","version":"1.0.0","startedAt":"2026-01-02T03:04:05Z",
                """ + """
                "isSelf":false,"isOwner":false,"isLeaving":false,"shards":0,"position":4993,"behind":7}]
                """));
            Assert.That(json, Does.Contain("""
                "shards":null,"takeOvers":[{"at":"2026-01-02T03:05:05Z","shard":null,"by":"one-1",
                """ + """
                "cause":"owner gone"}],
                """));
            Assert.That(json, Does.Contain("""
                "append":{"batches":10,"bytes":2000,"failures":2,"meanMilliseconds":7.5},"snapshotBytes":77
                """));
            Assert.That(json, Does.Contain("""
                "etcd":[{"address":"http://10.0.0.1:2379","version":"3.4.23","databaseBytes":500,"isLeader":true,
                """ + """
                "error":null}
                """));
            Assert.That(json, Does.EndWith("\"etcdAgeSeconds\":2}"));
        }
    }

    [Test]
    public void It_has_the_shards_their_owners_and_what_they_hold()
    {
        var cluster = ClusterSamples.ShardedStatus();
        cluster = cluster with
        {
            Members = [cluster.Members[0], cluster.Members[1] with { IsLeaving = true }],
            Shards = [.. cluster.Shards.Take(2), new ShardStatus(2, null, 3, null)],
        };
        var json = Write(cluster, null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json, Does.Contain("""
                "isSelf":true,"isOwner":true,"isLeaving":false,"shards":2,
                """));
            Assert.That(json, Does.Contain("""
                "isSelf":false,"isOwner":false,"isLeaving":true,"shards":1,
                """));
            Assert.That(json, Does.Contain("""
                "shards":[{"number":0,"owner":"one-1","epoch":1,"players":3,"games":0,"turns":0,"backlogBytes":0,
                """ + """
                "messagesWaiting":0},{"number":1,"owner":"two-2","epoch":2,"players":0,"games":4,"turns":40,
                """ + """
                "backlogBytes":400,"messagesWaiting":0},{"number":2,"owner":null,"epoch":3,"players":null,
                """ + """
                "games":null,"turns":null,"backlogBytes":null,"messagesWaiting":null}],
                """));
            Assert.That(json, Does.Contain("""
                "takeOvers":[{"at":"2026-01-02T03:05:05Z","shard":2,"by":"one-1","cause":"owner gone"}],
                """));
        }
    }

    [Test]
    public void It_has_no_token() =>
        Assert.That(Write(ClusterSamples.Status(), null), Does.Not.Contain(ClusterSamples.Token));

    [Test]
    public void A_server_of_etcd_that_does_not_answer_has_no_size() => Assert.That(
        Write(ClusterSamples.Status() with { Etcd = ClusterSamples.Etcd(error: "no leader") }, null),
        Does.Contain("""
            "version":null,"databaseBytes":null,"isLeader":false,"error":"no leader"}
            """));

    [Test]
    public void That_etcd_is_not_one_cluster_is_a_problem()
    {
        var etcd = ClusterSamples.Etcd();
        etcd = etcd with { Status = etcd.Status with { Agreement = new EtcdAgreement(true, "a is not b") } };
        Assert.That(Write(ClusterSamples.Status() with { Etcd = etcd }, null),
            Does.Contain("\"problem\":\"a is not b\""));
    }

    [Test]
    public void What_is_unknown_is_null()
    {
        var json = Write(ClusterSamples.Status() with { Owner = null, Etcd = null }, null);
        Assert.That(json, Does.Contain("\"owner\":null").And.Contain("\"ownedSince\":null")
            .And.Contain("\"meanMilliseconds\":null").And.Contain("\"etcd\":null,\"etcdAgeSeconds\":null"));
    }

    [Test]
    public void A_standby_is_behind_what_the_owner_has_said()
    {
        var standby = ClusterSamples.StandbyStatus();
        Assert.That(standby.Members.Select(member => member.Behind), Is.EqualTo([0, 10]));
        Assert.That((standby.Behind, standby.Role), Is.EqualTo((10L, "standby of 10.0.0.1:2390")));
        // The owner's word may be a second old.
        var ahead = MemberStatus.LatestOf(standby.Members, 6000);
        Assert.That(ahead, Is.EqualTo(6000));
        Assert.That(ClusterSamples.Status().Role, Is.EqualTo("owner"));
    }

    private static string Write(ClusterStatus cluster, AppendTotals? minuteAgo) =>
        JsonSerializer.Serialize(new ClusterReport(cluster, minuteAgo), StatusJsonContext.Default.ClusterReport);
}
