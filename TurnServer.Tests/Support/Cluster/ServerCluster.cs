using System.Text.Json;
using TurnServer.Cluster;
using TurnServer.Cluster.Placement;

namespace TurnServer.Tests.Support;

/// <summary>A cluster with shards: three server processes on one etcd.</summary>
internal sealed class ServerCluster : IAsyncDisposable
{
    /// <summary>How many servers there are.</summary>
    public const int Count = 3;

    private readonly List<ServerChild> _servers = [];
    private readonly EtcdCluster _etcd;
    private readonly int _adminPort = Ports.Next();

    private ServerCluster(EtcdCluster etcd) => _etcd = etcd;

    public IReadOnlyList<ServerChild> Servers => _servers;

    /// <summary>Starts the servers and waits until each has its shards.</summary>
    /// <param name="shards">How many shards the games are spread over.</param>
    /// <param name="flags">More flags for each server.</param>
    public static async Task<ServerCluster> StartAsync(int shards, params string[] flags)
    {
        var cluster = new ServerCluster(await EtcdCluster.StartAsync(1));
        try
        {
            for (var i = 0; i < Count; i++)
                await cluster.StartServerAsync(i, shards, flags);
            await TestWait.UntilAsync(cluster.IsSpreadAsync, "each server has its shards");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        await _etcd.DisposeAsync();
    }

    private async Task StartServerAsync(int number, int shards, string[] flags)
    {
        string[] admin = number == 0 ? ["--admin-port", $"{_adminPort}"] : [];
        _servers.Add(await ServerChild.StartAsync(["--cluster", _etcd.AddressOf(0).GetLeftPart(UriPartial.Authority),
            "--advertise", $"127.0.0.1:{Ports.Next()}", "--cluster-shards", $"{shards}", .. admin, .. flags]));
    }

    // Whether every shard is where the addresses of the servers say that it is to be.
    private async Task<bool> IsSpreadAsync()
    {
        await using var client = await RawHttp.ConnectAsync(_adminPort);
        var reply = await client.GetAsync("GET /status.json HTTP/1.1", "Host: localhost");
        if (reply.Status != 200)
            return false;
        using var status = JsonDocument.Parse(reply.Body);
        var cluster = status.RootElement.GetProperty("cluster");
        List<ClusterMember> members = [.. cluster.GetProperty("members").EnumerateArray().Select(ReadMember)];
        return members.Count == Count && cluster.GetProperty("shards").EnumerateArray().All(shard =>
            shard.GetProperty("owner").GetString()
                == Rendezvous.Rank(shard.GetProperty("number").GetInt32(), members)[0].Id);
    }

    private static ClusterMember ReadMember(JsonElement member) =>
        ClusterPieces.Member(member.GetProperty("id").GetString()!) with
        {
            Address = member.GetProperty("address").GetString()!,
        };
}
