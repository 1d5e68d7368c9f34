using Authpb;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>A user is configured before etcd's authentication is enabled.</summary>
internal sealed class EtcdAuthenticationTests
{
    private const string Password = "correct horse";

    private static readonly ClusterMember Member = ClusterPieces.Member("one-1");

    [Test]
    public async Task A_server_works_before_authentication_is_enabled_and_goes_on_when_it_is()
    {
        await using var etcd = await EtcdCluster.StartAsync(1);
        using var connection = new EtcdConnection(etcd.PatientOptions with { User = "games", Password = Password });
        var log = connection.OpenLog();
        var head = ShardHead.None.TakenOverBy("one-1");
        Assert.That(await log.TryAppendAsync(ShardHead.None, head, new byte[3], default), Is.True);
        using var stop = new CancellationTokenSource(TestWait.Timeout);
        await using var follower = log.ReadOnAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.That(await follower.MoveNextAsync());
        var members = new EtcdMembers(connection, NullLogger.Instance);
        await using var registration = new Registration(members, Member);
        await using var list = new MemberList(members);
        await list.WaitForAsync(all => all.Count == 1);

        await EnableAsync(etcd);
        using var nobody = new EtcdConnection(etcd.PatientOptions);
        Assert.That(() => nobody.OpenLog().ReadHeadAsync(default),
            Throws.TypeOf<LogUnavailableException>().With.Message.Contains("user name is empty"));

        Assert.That(await log.TryAppendAsync(head, head.Next(), new byte[3], default), Is.True);
        Assert.That(await follower.MoveNextAsync());
        Assert.That(follower.Current.Position, Is.EqualTo(2));
        Assert.That(await EtcdClusterPlan.AgreeAsync(connection, 64, default), Is.Zero);
        registration.Self = Member with { Position = 2 };
        await list.WaitForAsync(all => all is [{ Position: 2 }]);
    }

    // As an operator does with etcdctl.
    private static async Task EnableAsync(EtcdCluster etcd)
    {
        using var admin = new EtcdConnection(etcd.PatientOptions);
        await AskAsync(admin, auth => auth.UserAddAsync(new() { Name = "root", Password = Password }));
        await AskAsync(admin, auth => auth.RoleAddAsync(new() { Name = "root" }));
        await AskAsync(admin, auth => auth.UserGrantRoleAsync(new() { User = "root", Role = "root" }));
        await AskAsync(admin, auth => auth.UserAddAsync(new() { Name = "games", Password = Password }));
        await AskAsync(admin, auth => auth.RoleAddAsync(new() { Name = "games" }));
        await AskAsync(admin, auth => auth.RoleGrantPermissionAsync(new()
        {
            Name = "games",
            Perm = new Permission
            {
                PermType = Permission.Types.Type.Readwrite,
                Key = ByteString.CopyFromUtf8("/turnserver/"),
                RangeEnd = ByteString.CopyFromUtf8("/turnserver0"),
            },
        }));
        await AskAsync(admin, auth => auth.UserGrantRoleAsync(new() { User = "games", Role = "games" }));
        await AskAsync(admin, auth => auth.AuthEnableAsync(new()));
    }

    private static Task<T> AskAsync<T>(EtcdConnection connection, Func<Auth.AuthClient, AsyncUnaryCall<T>> call) =>
        connection.AskAsync(connection.Current, (etcd, _) => call(etcd.Auth).ResponseAsync, default);
}
