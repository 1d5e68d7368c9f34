using TurnServer.Admin;
using TurnServer.Admin.Status;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;

namespace TurnServer.Tests.Admin;

/// <summary>The findings about a cluster.</summary>
internal sealed class ClusterHealthTests
{
    private static readonly ClusterStatus Well = ClusterSamples.Status();

    [Test]
    public void Evaluate_AClusterInWhichAllIsWell_IsEmpty() => Assert.That(Findings(Well), Is.Empty);

    [Test]
    public void Evaluate_WithoutACluster_IsEmpty() =>
        Assert.That(ClusterHealth.Evaluate([HistoryTests.At(0)]), Is.Empty);

    [Test]
    public void Evaluate_ALoneServer_SaysThatThereIsNoStandby() => AssertWarning(
        Well with { Members = [Well.Members[0]] }, "There is no standby", "--cluster");

    [Test]
    public void Evaluate_AStandbyThatCouldNotTakeOver_SaysWhy() => AssertWarning(
        ClusterSamples.StandbyStatus() with { StandbyProblem = "the log holds records of version 9" },
        "could not take over: the log holds records of version 9.");

    [Test]
    public void Evaluate_ALogThatDoesNotAnswer_IsBadAndNamesTheAddresses()
    {
        var sample = ClusterSamples.At(0, Well with { Problem = "the log does not answer: http://a:1: no leader" });
        sample = sample with { Actor = sample.Actor! with { IsStalled = true, Problem = sample.Cluster!.Problem } };
        var finding = Health.Evaluate([sample], StatusLimits).Single();
        Assert.That(finding.State, Is.EqualTo(HealthState.Bad));
        Assert.That(finding.Text, Is.EqualTo("Players cannot play: the log does not answer: http://a:1: no leader."));
    }

    [TestCase(1000, 0)]
    [TestCase(1001, 1)]
    public void Evaluate_AStandbyThatIsFarBehindForSeconds_NamesIt(long behind, int count)
    {
        var cluster = ClusterSamples.Status(behind);
        Assert.That(Findings(cluster), Is.Empty, "it may have just started");
        var samples = Enumerable.Range(0, 7).Select(second => ClusterSamples.At(second, cluster)).ToList();
        var findings = ClusterHealth.Evaluate(samples).ToList();
        Assert.That(findings, Has.Count.EqualTo(count));
        if (count > 0)
            Assert.That(findings[0].Text, Does.StartWith("The standby at 10.0.0.2:2390 is 1001 batches behind"));
    }

    [Test]
    public void Evaluate_AClusterWithShardsInWhichAllIsWell_IsEmpty() =>
        Assert.That(Findings(40, _ => ClusterSamples.ShardedStatus()), Is.Empty);

    [Test]
    public void Evaluate_ALoneServerWithShards_SaysThatThereIsNoStandby()
    {
        var cluster = ClusterSamples.ShardedStatus();
        AssertWarning(cluster with { Members = [cluster.Members[0]] }, "There is no standby");
    }

    [Test]
    public void Evaluate_WithShards_NoServerIsFarBehind()
    {
        var cluster = ClusterSamples.ShardedStatus() with { Members = ClusterSamples.Members(5000, 0) };
        Assert.That(Findings(40, _ => cluster), Is.Empty);
    }

    [TestCase(9, -1, false)]
    [TestCase(10, -1, true)]
    [TestCase(30, 19, true)]
    [TestCase(30, 20, false)]
    [TestCase(30, 30, false)]
    public void Evaluate_AShardWithoutAnOwnerForTenSeconds_NamesIt(int seconds, int ownedAt, bool isFinding)
    {
        var well = ClusterSamples.ShardedStatus();
        var ownerless = well with { Shards = [.. well.Shards.Take(2), new ShardStatus(2, null, 3, null)] };
        var findings = Findings(seconds, second => second == ownedAt ? well : ownerless);
        Assert.That(findings, Has.Count.EqualTo(isFinding ? 1 : 0));
        if (isFinding)
        {
            Assert.That(findings[0].State, Is.EqualTo(HealthState.Warning));
            Assert.That(findings[0].Text, Does.StartWith("Shard 2 has no owner, ").And.Contain("logs"));
        }
    }

    [Test]
    public void Evaluate_ManyShardsWithoutAnOwner_IsOneFinding()
    {
        var cluster = ClusterSamples.ShardedStatus() with
        {
            Shards = [.. Enumerable.Range(0, 65).Select(shard => new ShardStatus(shard, null, 0, null))],
        };
        Assert.That(Findings(10, _ => cluster).Single().Text,
            Does.StartWith("Shards 0 (the lobby), 1, 2, 3, 4 and 60 more have no owner, "));
    }

    [Test]
    public void Evaluate_AClusterThatIsNotKnownYet_HasNoShardWithoutAnOwner()
    {
        var well = ClusterSamples.ShardedStatus();
        var ownerless = well with { Shards = [.. well.Shards.Take(2), new ShardStatus(2, null, 3, null)] };
        Assert.That(Findings(30, second => second < 25 ? well with { Shards = [] } : ownerless), Is.Empty);
    }

    [TestCase(29, false)]
    [TestCase(30, true)]
    public void Evaluate_AMessageThatWaitsForHalfAMinute_SaysHowManyAndWhatToLookAt(int seconds, bool isFinding)
    {
        var findings = Findings(WithMessages(7, seconds));
        Assert.That(findings, Has.Count.EqualTo(isFinding ? 1 : 0));
        if (isFinding)
        {
            Assert.That(findings[0].State, Is.EqualTo(HealthState.Warning));
            Assert.That(findings[0].Text, Does.StartWith("7 messages between shards wait, ")
                .And.Contain("30 seconds (from shard 1)").And.Contain("--advertise"));
        }
    }

    // Under load a shard has always just sent some.
    [Test]
    public void Evaluate_AlwaysOtherMessagesThatWait_IsEmpty() =>
        Assert.That(Findings(60, _ => WithMessages(7, seconds: 2)), Is.Empty);

    [TestCase((1L << 30) - 1, false)]
    [TestCase(1L << 30, true)]
    public void Evaluate_AnEtcdAtHalfOfItsQuota_SaysWhatToDo(long bytes, bool isFinding)
    {
        var cluster = Well with { Etcd = ClusterSamples.Etcd(bytes) };
        if (!isFinding)
        {
            Assert.That(Findings(cluster), Is.Empty);
        }
        else
        {
            AssertWarning(cluster, "1073 MB at http://10.0.0.2:2379, 536 MB of them in use", "etcdctl defrag",
                "--quota-backend-bytes");
        }
    }

    [Test]
    public void Evaluate_AServerOfEtcdThatDoesNotAnswer_NamesItAndItsError() => AssertWarning(
        Well with { Etcd = ClusterSamples.Etcd(error: "connection refused") },
        "etcd at http://10.0.0.3:2379 does not answer: connection refused.");

    [Test]
    public void Evaluate_AServerOfEtcdThatDoesNotPermitItsStatus_SaysWhatToDo() => AssertWarning(
        Well with { Etcd = ClusterSamples.DeniedEtcd() },
        "etcd at http://10.0.0.3:2379 does not tell how full it is: permission denied.",
        "etcdctl user grant-role USER root.");

    [TestCase(true)]
    [TestCase(false)]
    public void Evaluate_ACompactionThatFails_SaysWhyAndWhatToDo(bool isDenied)
    {
        var error = EtcdCompactor.Describe(new LogUnavailableException("http://a:1: no") { IsDenied = isDenied });
        var etcd = ClusterSamples.Etcd();
        var cluster = Well with { Etcd = etcd with { Status = etcd.Status with { CompactionError = error } } };
        AssertWarning(cluster, "could not be compacted", "http://a:1: no.");
        Assert.That(Findings(cluster)[0].Text.Contains("etcdctl user grant-role USER root"), Is.EqualTo(isDenied));
    }

    [Test]
    public void Evaluate_EtcdsThatAreNotOneCluster_IsBad()
    {
        var cluster = WithAgreement(new EtcdAgreement(true, "etcd at a and etcd at b are not one cluster"));
        Assert.That(Findings(cluster),
            Is.EqualTo([new Finding(HealthState.Bad, "etcd at a and etcd at b are not one cluster.")]));
        Assert.That(Findings(WithAgreement(new EtcdAgreement(true, null))), Is.Empty);
    }

    [Test]
    public void Evaluate_BeforeEtcdWasAsked_IsEmpty() => Assert.That(Findings(Well with { Etcd = null }), Is.Empty);

    private static ServerLimits StatusLimits => new()
    {
        Players = 100,
        Games = 100,
        Connections = 100,
        Descriptors = 100,
        MemoryBytes = 1000,
        Cores = 2,
    };

    private static void AssertWarning(ClusterStatus cluster, params string[] texts)
    {
        var finding = Findings(cluster).Single();
        Assert.That(finding.State, Is.EqualTo(HealthState.Warning));
        foreach (var text in texts)
            Assert.That(finding.Text, Does.Contain(text));
    }

    private static ClusterStatus WithAgreement(EtcdAgreement agreement)
    {
        var etcd = ClusterSamples.Etcd();
        return Well with { Etcd = etcd with { Status = etcd.Status with { Agreement = agreement } } };
    }

    private static ClusterStatus WithMessages(int count, double seconds)
    {
        var cluster = ClusterSamples.ShardedStatus();
        return cluster with
        {
            Shards =
            [
                cluster.Shards[0],
                cluster.Shards[1] with
                {
                    Load = ClusterSamples.Load(1) with { MessagesWaiting = count, LongestMessageWaitSeconds = seconds },
                },
                cluster.Shards[2],
            ],
        };
    }

    // A sample a second.
    private static List<Finding> Findings(int seconds, Func<int, ClusterStatus> read) =>
        [.. ClusterHealth.Evaluate([.. Enumerable.Range(0, seconds + 1)
            .Select(second => ClusterSamples.At(second, read(second)))])];

    private static List<Finding> Findings(ClusterStatus cluster) =>
        [.. ClusterHealth.Evaluate([ClusterSamples.At(0, cluster)])];
}
