using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Support;

/// <summary>
/// A real nginx or Caddy with the configuration file from the operators' documentation; only ports, names and the
/// certificate are replaced. Its files are in a temporary directory.
/// </summary>
internal sealed class ReverseProxy : IAsyncDisposable
{
    public const string NginxFile = "TurnServer/Service/proxy/nginx.conf";
    public const string CaddyFile = "TurnServer/Service/proxy/Caddyfile";

    private const string ServerAddress = "127.0.0.1:8080";
    private const string PublicName = "turn.example.com";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("turnserver-proxy-");
    private ChildProcess? _process;

    /// <summary>The port for plain HTTP.</summary>
    public int HttpPort { get; } = Ports.Next();

    /// <summary>The port for TLS.</summary>
    public int HttpsPort { get; } = Ports.Next();

    public Uri Http => new($"http://localhost:{HttpPort}/");

    public Uri Https => new($"https://localhost:{HttpsPort}/");

    /// <summary>The directory of static files that it serves.</summary>
    public string Webroot => Path.Combine(_folder.FullName, "www");

    /// <summary>Starts nginx or caddy in front of a server and waits until it listens.</summary>
    public static async Task<ReverseProxy> StartAsync(string name, int serverPort)
    {
        var program = Tool.Require(name);
        var proxy = new ReverseProxy();
        try
        {
            Directory.CreateDirectory(proxy.Webroot);
            var isNginx = name == "nginx";
            proxy.Launch(program, isNginx ? proxy.ConfigureNginx(serverPort) : proxy.ConfigureCaddy(serverPort));
            await proxy.WaitUntilListeningAsync(proxy.HttpPort, isTls: false);
            await proxy.WaitUntilListeningAsync(proxy.HttpsPort, isTls: true);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that trusts the proxy's certificate and uses exactly this HTTP version.</summary>
    public static HttpClient CreateHttp(Uri url, Version version)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = HasCertificate;
        return new HttpClient(new OneVersion(handler, version))
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    /// <summary>Opens a WebSocket through the proxy.</summary>
    public async Task<RawWebSocket> OpenSocketAsync(bool isHttps, IPAddress? address = null)
    {
        const string Host = "Host: localhost";
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timeout = new CancellationTokenSource(TestWait.Timeout);
        await socket.ConnectAsync(address ?? IPAddress.Loopback, isHttps ? HttpsPort : HttpPort, timeout.Token);
        if (!isHttps)
            return await RawWebSocket.OpenAsync(socket, Host);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), false, HasCertificate);
        await stream.AuthenticateAsClientAsync("localhost");
        return await RawWebSocket.OpenAsync(stream, Host);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static bool HasCertificate(object _, X509Certificate? certificate, X509Chain? chain,
        SslPolicyErrors errors) => certificate is not null;

    // Fails when a text is not found: the documented file has changed and this class must follow.
    private static string Replace(string text, params (string Old, string New)[] replacements)
    {
        foreach (var (old, @new) in replacements)
        {
            if (!text.Contains(old, StringComparison.Ordinal))
                throw new InvalidOperationException($"The configuration has no \"{old}\".");
            text = text.Replace(old, @new, StringComparison.Ordinal);
        }

        return text;
    }

    private string[] ConfigureNginx(int serverPort)
    {
        const string CertificateFolder = "/etc/letsencrypt/live/turn.example.com";
        WriteCertificate();
        Write("site.conf", Replace(Repository.Read(NginxFile),
            ("listen 80;", $"listen {HttpPort};"),
            ("listen [::]:80;", OnIPv6($"listen [::]:{HttpPort};")),
            ("listen 443 ssl http2;", $"listen {HttpsPort} ssl http2;"),
            ("listen [::]:443 ssl http2;", OnIPv6($"listen [::]:{HttpsPort} ssl http2;")),
            ($"{CertificateFolder}/fullchain.pem", PathOf("fullchain.pem")),
            ($"{CertificateFolder}/privkey.pem", PathOf("privkey.pem")),
            ("/var/www/html", Webroot),
            (ServerAddress, $"127.0.0.1:{serverPort}")));
        var temporary = string.Concat(new[] { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }
            .Select(what => $"{what}_temp_path {PathOf(what)};\n"));
        // As in Debian's nginx.conf, as far as it matters. The user may read the temporary directory.
        var user = Environment.IsPrivilegedProcess ? "user root;\n" : "";
        Write("nginx.conf", $$"""
            {{user}}daemon off;
            worker_processes 2;
            pid {{PathOf("nginx.pid")}};
            error_log stderr;
            events { worker_connections 768; }
            http {
            {{temporary}}gzip on;
            include {{PathOf("site.conf")}};
            }
            """);
        return ["-p", _folder.FullName, "-e", "stderr", "-c", PathOf("nginx.conf")];

        static string OnIPv6(string line) => Socket.OSSupportsIPv6 ? line : "";
    }

    private string[] ConfigureCaddy(int serverPort)
    {
        // A certificate from Caddy's internal CA, and no admin port.
        Write("Caddyfile", Replace(Repository.Read(CaddyFile),
            ("\tauto_https disable_redirects", "\tauto_https disable_redirects\n\tadmin off\n\tlocal_certs\n"
                + $"\tskip_install_trust\n\thttp_port {HttpPort}\n\thttps_port {HttpsPort}"),
            ($"{PublicName}, http://", "localhost, http://"),
            (ServerAddress, $"127.0.0.1:{serverPort}")));
        return ["run", "--config", PathOf("Caddyfile"), "--adapter", "caddyfile"];
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private void Write(string name, string text) => File.WriteAllText(PathOf(name), text);

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={PublicName}", key, HashAlgorithmName.SHA256);
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        Write("fullchain.pem", certificate.ExportCertificatePem());
        Write("privkey.pem", key.ExportPkcs8PrivateKeyPem());
    }

    private void Launch(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        // Caddy stores its certificates there.
        start.Environment["XDG_DATA_HOME"] = _folder.FullName;
        start.Environment["XDG_CONFIG_HOME"] = _folder.FullName;
        _process = ChildProcess.Start(start);
    }

    private async Task WaitUntilListeningAsync(int port, bool isTls)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!_process!.HasExited && Stopwatch.GetElapsedTime(startedAt) < TestWait.Timeout)
        {
            try
            {
                await using var client = await RawHttp.ConnectAsync(port);
                if (!isTls)
                    return;
                await using var stream = new SslStream(new NetworkStream(client.Socket), false, HasCertificate);
                await stream.AuthenticateAsClientAsync("localhost");
                return;
            }
            catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
            {
                // Not up yet. Caddy listens before it has a certificate.
                await Task.Delay(PollInterval);
            }
        }

        throw new InvalidOperationException($"The proxy did not start: {_process.Errors}");
    }

    // HttpClient.DefaultRequestVersion does not apply to requests made by the caller.
    private sealed class OneVersion(HttpMessageHandler inner, Version version) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
        {
            request.Version = version;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            return base.SendAsync(request, cancel);
        }
    }
}
