using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Etcdserverpb;
using Grpc.Net.Client;

namespace TurnServer.Cluster.Etcd;

/// <summary>One server of etcd, and the clients of its services, which share one connection.</summary>
internal sealed class EtcdEndpoint : IDisposable
{
    // The largest reply is a page of the log, see EtcdLogReader.
    private const int ReceiveBytesMax = 64 << 20;

    // Fixed, see DisableDynamicWindowSizing in the project file.
    private const int WindowBytes = 1 << 20;

    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    // In a partition the kernel retries with growing pauses: the connection would come back long after the network.
    private static readonly TimeSpan UnacknowledgedMax = TimeSpan.FromSeconds(3);

    private readonly GrpcChannel _channel;

    private EtcdEndpoint(Uri address, GrpcChannel channel)
    {
        Address = address.GetLeftPart(UriPartial.Authority);
        _channel = channel;
        Kv = new KV.KVClient(channel);
        Watch = new Watch.WatchClient(channel);
        Lease = new Lease.LeaseClient(channel);
        Auth = new Auth.AuthClient(channel);
        Maintenance = new Maintenance.MaintenanceClient(channel);
    }

    /// <summary>Such as http://10.0.0.1:2379.</summary>
    public string Address { get; }

    public KV.KVClient Kv { get; }

    public Watch.WatchClient Watch { get; }

    public Lease.LeaseClient Lease { get; }

    public Auth.AuthClient Auth { get; }

    public Maintenance.MaintenanceClient Maintenance { get; }

    /// <summary>The endpoints of these options. Nothing is connected before the first call.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file is no PEM file of its
    /// kind.</exception>
    public static IReadOnlyList<EtcdEndpoint> All(EtcdOptions options)
    {
        var tls = TlsOf(options);
        return [.. options.Endpoints.Select(address => new EtcdEndpoint(address, ChannelTo(address, tls,
            options.Timeout)))];
    }

    public void Dispose() => _channel.Dispose();

    private static GrpcChannel ChannelTo(Uri address, SslClientAuthenticationOptions tls, TimeSpan connectTimeout) =>
        GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                // A handler with a callback gets no load balancer, whose pauses between attempts grow.
                ConnectCallback = ConnectAsync,
                ConnectTimeout = connectTimeout,
                SslOptions = tls,
                UseProxy = false,
                UseCookies = false,
                AllowAutoRedirect = false,
                ActivityHeadersPropagator = null,
                InitialHttp2StreamWindowSize = WindowBytes,
                // No keep-alive pings: etcd tolerates one in 5 s only. Watches ask by themselves, see EtcdWatch.
            },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = ReceiveBytesMax,
        });

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetRawSocketOption(TcpLevel, TcpUserTimeout,
                BitConverter.GetBytes((int)UnacknowledgedMax.TotalMilliseconds));
            await socket.ConnectAsync(context.DnsEndPoint, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions TlsOf(EtcdOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.CaFile is { } caFile)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(caFile);
        }

        if (options.CertFile is { } certFile)
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certFile);
            var certificate = X509Certificate2.CreateFromPemFile(certFile, options.KeyFile);
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }

        return tls;
    }
}
