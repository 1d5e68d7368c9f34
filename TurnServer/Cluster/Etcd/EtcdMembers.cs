using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Mvccpb;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The servers of the cluster as keys in etcd, each under a lease: etcd deletes the key when the lease has not been
/// kept alive.
/// </summary>
internal sealed class EtcdMembers : IClusterMembers
{
    private static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    private readonly EtcdConnection _connection;
    private readonly ILogger _log;
    private readonly EtcdPrefix _nodes;

    /// <param name="connection">Not disposed of with this.</param>
    /// <param name="log">For the operator.</param>
    public EtcdMembers(EtcdConnection connection, ILogger log)
    {
        _connection = connection;
        _log = log;
        _nodes = new EtcdPrefix(connection, PrefixOf(connection.Options.Name));
    }

    /// <summary>The key of a server.</summary>
    /// <param name="name">The cluster's name.</param>
    /// <param name="id">See <see cref="ClusterMember.Id"/>.</param>
    public static ByteString KeyOf(string name, string id) => ByteString.CopyFromUtf8(PrefixOf(name) + id);

    /// <inheritdoc/>
    public async Task RegisterAsync(Func<ClusterMember> self, CancellationToken stop)
    {
        var lease = 0L;
        var areEarlierRemoved = false;
        try
        {
            while (true)
            {
                try
                {
                    lease = await GrantAsync(stop);
                    // Once: two live processes with one address would remove each other for ever.
                    if (!areEarlierRemoved)
                        await RemoveEarlierAsync(self(), stop);
                    areEarlierRemoved = true;
                    await StayAsync(self, lease, stop);
                }
                catch (LogUnavailableException)
                {
                    // Again with a new lease; the old one runs out by itself.
                    await Task.Delay(RetryPause, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await RevokeAsync(lease);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<ClusterMember>> WatchAsync(
        [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var nodes in _nodes.WatchAsync(stop))
            yield return InOrder(nodes.Values.Select(MemberOf).OfType<ClusterMember>());
    }

    private async Task<long> GrantAsync(CancellationToken stop)
    {
        var request = new LeaseGrantRequest { TTL = (long)IClusterMembers.Lifetime.TotalSeconds };
        // A lease that is granted twice runs out twice.
        var reply = await _connection.ReadAsync(
            (etcd, options) => etcd.Lease.LeaseGrantAsync(request, options).ResponseAsync, stop);
        return reply.ID;
    }

    // Returns when the lease has been lost.
    private async Task StayAsync(Func<ClusterMember> self, long lease, CancellationToken stop)
    {
        ClusterMember? written = null;
        string? sharesWith = null;
        do
        {
            var member = self();
            var list = await _nodes.ListAsync(stop);
            var other = OthersAt(member, list).FirstOrDefault()?.Id;
            if (other is not null && other != sharesWith)
                Log.AddressShared(_log, other, member.Address);
            sharesWith = other;
            // A late write under an earlier lease may have replaced the key, which would expire with that lease.
            var own = list.Kvs.FirstOrDefault(node => node.Key.Equals(KeyOf(member.Id)));
            if (own?.Lease == lease && member == written)
                continue;
            await PutAsync(member, lease, stop);
            // Now it is certain that the lease is alive, and not the cause.
            if (own is null && written is not null)
                Log.RegistrationDeleted(_log, member.Address);
            written = member;
        }
        while (await RenewAsync(lease, stop));
    }

    private Task<PutResponse> PutAsync(ClusterMember member, long lease, CancellationToken stop)
    {
        var request = new PutRequest
        {
            Key = KeyOf(member.Id),
            Value = UnsafeByteOperations.UnsafeWrap(
                JsonSerializer.SerializeToUtf8Bytes(member, EtcdMemberJson.Default.ClusterMember)),
            Lease = lease,
        };
        return _connection.ReadAsync((etcd, options) => etcd.Kv.PutAsync(request, options).ResponseAsync, stop);
    }

    // False: there is no such lease any more.
    private async Task<bool> RenewAsync(long lease, CancellationToken stop)
    {
        await Task.Delay(RenewInterval, stop);
        var request = new LeaseKeepAliveRequest { ID = lease };
        var reply = await _connection.ReadAsync(async (etcd, options) =>
        {
            using var call = etcd.Lease.LeaseKeepAlive(options);
            await call.RequestStream.WriteAsync(request, options.CancellationToken);
            if (!await call.ResponseStream.MoveNext(options.CancellationToken))
                throw new RpcException(new Status(StatusCode.Unavailable, "the lease was not renewed"));
            return call.ResponseStream.Current;
        }, stop);
        return reply.TTL > 0;
    }

    // Whoever was registered under this address has died, as this server listens there now.
    private async Task RemoveEarlierAsync(ClusterMember self, CancellationToken stop)
    {
        foreach (var member in OthersAt(self, await _nodes.ListAsync(stop)))
        {
            var request = new DeleteRangeRequest { Key = KeyOf(member.Id) };
            await _connection.ReadAsync(
                (etcd, options) => etcd.Kv.DeleteRangeAsync(request, options).ResponseAsync, stop);
        }
    }

    // Other registrations under the address of this server.
    private IEnumerable<ClusterMember> OthersAt(ClusterMember self, RangeResponse list) =>
        list.Kvs.Select(MemberOf).OfType<ClusterMember>()
            .Where(member => member.Address == self.Address && member.Id != self.Id);

    private async Task RevokeAsync(long lease)
    {
        if (lease == 0)
            return;
        try
        {
            var request = new LeaseRevokeRequest { ID = lease };
            using var deadline = new CancellationTokenSource(_connection.Options.Timeout);
            await _connection.ReadAsync(
                (etcd, options) => etcd.Lease.LeaseRevokeAsync(request, options).ResponseAsync, deadline.Token);
        }
        catch (Exception e) when (e is LogUnavailableException or OperationCanceledException)
        {
            // It runs out by itself.
        }
    }

    private static ClusterMember[] InOrder(IEnumerable<ClusterMember> members) =>
        [.. members.OrderBy(member => member.StartedAt).ThenBy(member => member.Id, StringComparer.Ordinal)];

    private ByteString KeyOf(string id) => KeyOf(_connection.Options.Name, id);

    private static string PrefixOf(string name) => $"/{name}/node/";

    // Null: another version of the server has written something else.
    private ClusterMember? MemberOf(KeyValue node)
    {
        try
        {
            var member = JsonSerializer.Deserialize(node.Value.Span, EtcdMemberJson.Default.ClusterMember);
            return member is not null && node.Key.Equals(KeyOf(member.Id)) ? member : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(ClusterMember))]
internal sealed partial class EtcdMemberJson : JsonSerializerContext;
