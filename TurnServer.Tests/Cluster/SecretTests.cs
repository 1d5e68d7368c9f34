using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;

namespace TurnServer.Tests.Cluster;

/// <summary>Records with secrets do not print them, whoever logs such a record.</summary>
internal sealed class SecretTests
{
    private const string Secret = "s3cret";

    [Test]
    public void ToString_Member_IsWithoutItsToken()
    {
        var member = new ClusterMember
        {
            Id = "one-1a2b",
            Address = "10.0.0.1:2390",
            Token = Secret,
            Version = "1.0.0",
            StartedAt = DateTimeOffset.UnixEpoch,
            Position = 7,
        };
        Assert.That($"{member}", Is.EqualTo("one-1a2b at 10.0.0.1:2390, version 1.0.0, position 7"));
    }

    [Test]
    public void ToString_EtcdOptions_IsWithoutPasswords()
    {
        var options = new EtcdOptions
        {
            Endpoints = [new Uri("https://10.0.0.1:2379"), new Uri($"https://ann:{Secret}@10.0.0.2:2379")],
            Name = "games",
            User = "ann",
            Password = Secret,
        };
        Assert.That($"{options}", Is.EqualTo("games on https://10.0.0.1:2379,https://10.0.0.2:2379"));
    }
}
