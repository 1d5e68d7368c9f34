using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdserverpb;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>An etcd that wants a certificate and a password.</summary>
internal sealed class EtcdSecurityTests
{
    private const string Password = "correct horse";

    private readonly TempFolder _folder = new("turnserver-tls-");
    private EtcdCluster _cluster = null!;

    private EtcdOptions Options => _cluster.PatientOptions with
    {
        CaFile = _folder.PathOf("ca.pem"),
        CertFile = _folder.PathOf("node.pem"),
        KeyFile = _folder.PathOf("node.key"),
        // A wrong answer comes at once.
        ReadTimeout = TimeSpan.Zero,
    };

    [OneTimeSetUp]
    public async Task StartEtcd()
    {
        using var ca = WriteAuthority("ca");
        using var other = WriteAuthority("other");
        WriteCertificate(ca, "node");
        _cluster = await EtcdCluster.StartAsync(1, "https", [
            "--cert-file", _folder.PathOf("node.pem"), "--key-file", _folder.PathOf("node.key"),
            "--trusted-ca-file", _folder.PathOf("ca.pem"), "--client-cert-auth",
        ]);
        using var connection = new EtcdConnection(Options);
        await AskAsync(connection, etcd => etcd.Auth.UserAddAsync(new() { Name = "root", Password = Password }));
        await AskAsync(connection, etcd => etcd.Auth.RoleAddAsync(new() { Name = "root" }));
        await AskAsync(connection, etcd => etcd.Auth.UserGrantRoleAsync(new() { User = "root", Role = "root" }));
        await AskAsync(connection, etcd => etcd.Auth.AuthEnableAsync(new()));
    }

    [OneTimeTearDown]
    public async Task StopEtcd()
    {
        await (_cluster?.DisposeAsync() ?? default);
        _folder.Dispose();
    }

    [Test]
    public async Task Call_CertificateAndPassword_Works()
    {
        await File.WriteAllTextAsync(_folder.PathOf("password"), Password + "\n");
        using var connection = new EtcdConnection(
            Options with { Name = "works", User = "root", PasswordFile = _folder.PathOf("password") });
        var log = connection.OpenLog();
        var head = ShardHead.None.TakenOverBy("a");
        Assert.That(await log.TryAppendAsync(ShardHead.None, head, new byte[3], default), Is.True);
        using var stop = new CancellationTokenSource(TestWait.Timeout);
        await using var follower = log.ReadOnAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.That(await follower.MoveNextAsync());
        Assert.That(await log.TryAppendAsync(head, head.Next(), new byte[3], default), Is.True);
        Assert.That(await follower.MoveNextAsync());
        Assert.That(follower.Current.Position, Is.EqualTo(2));
    }

    [Test]
    public async Task Append_TokenForgotten_IsRenewed()
    {
        using var connection = new EtcdConnection(
            Options with { Name = "forgets", User = "root", Password = Password });
        var log = connection.OpenLog();
        var head = ShardHead.None.TakenOverBy("a");
        Assert.That(await log.TryAppendAsync(ShardHead.None, head, new byte[3], default), Is.True);
        // As any change of users does.
        await AskAsync(connection, etcd => etcd.Auth.UserAddAsync(new() { Name = "b", Password = "b" },
            new Grpc.Core.Metadata { { "token", TokenOf(connection) } }));
        Assert.That(await log.TryAppendAsync(head, head.Next(), new byte[3], default), Is.True);
        _cluster.Kill(0);
        await _cluster.RestartAsync(0);
        await TestWait.UntilAsync(() => ReadOrNull(log) == head.Next(), "etcd is back and knows the user");
    }

    [TestCase("wrong", "authentication failed, invalid user ID or password")]
    [TestCase(null, "permission denied")]
    public void Call_WrongOrNoPassword_SaysSo(string? password, string expected)
    {
        using var connection = new EtcdConnection(
            Options with { User = password is null ? null : "root", Password = password });
        Assert.That(() => connection.OpenLog().ReadHeadAsync(default),
            Throws.TypeOf<LogUnavailableException>()
                .With.Message.EqualTo($"{connection.Endpoints[0].Address}: {expected}")
                .And.Property(nameof(LogUnavailableException.IsDenied)).EqualTo(password is null));
    }

    [Test]
    public void Call_AnotherAuthority_SaysSo()
    {
        using var connection = new EtcdConnection(Options with { CaFile = _folder.PathOf("other.pem") });
        Assert.That(() => connection.OpenLog().ReadHeadAsync(default),
            Throws.TypeOf<LogUnavailableException>()
                .With.Message.StartsWith($"{connection.Endpoints[0].Address}: TLS: "));
    }

    [Test]
    public void Call_NoCertificate_Fails()
    {
        using var connection = new EtcdConnection(Options with { CertFile = null });
        Assert.That(() => connection.OpenLog().ReadHeadAsync(default),
            Throws.TypeOf<LogUnavailableException>()
                .With.Message.StartsWith($"{connection.Endpoints[0].Address}: "));
    }

    private static Task<T> AskAsync<T>(EtcdConnection connection,
        Func<EtcdEndpoint, Grpc.Core.AsyncUnaryCall<T>> call) =>
        connection.AskAsync(connection.Current, (etcd, _) => call(etcd).ResponseAsync, default);

    private static string TokenOf(EtcdConnection connection) =>
        connection.StreamOptionsAsync(connection.Current, default).Result.Headers!.GetValue("token")!;

    private static ShardHead? ReadOrNull(EtcdShardLog log)
    {
        try
        {
            return log.ReadHeadAsync(default).Result;
        }
        catch (AggregateException e) when (e.InnerException is LogUnavailableException)
        {
            return null;
        }
    }

    private X509Certificate2 WriteAuthority(string name)
    {
        var request = Request(name);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_folder.PathOf($"{name}.pem"), authority.ExportCertificatePem());
        return authority;
    }

    private void WriteCertificate(X509Certificate2 authority, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, [1, 2, 3]);
        File.WriteAllText(_folder.PathOf($"{name}.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(_folder.PathOf($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static CertificateRequest Request(string name) =>
        new($"CN={name}", ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256);
}
