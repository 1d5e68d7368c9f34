using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TurnServer.Bench.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>The HTTP client of load tests.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
public sealed class PooledHandlerTests
{
    private const string Head = "HTTP/1.1 429 Too Many\r\ncontent-length: 6\r\nRetry-After: 1\r\n"
        + "Preference-Applied: wait=20\r\nConnection: close\r\n\r\n";

    [Test]
    public void TryParse_CompleteHead_ReturnsItsFields()
    {
        var isComplete = ReplyHead.TryParse(Encoding.ASCII.GetBytes(Head + "22/*/*"), out var head);
        Assert.Multiple(() =>
        {
            Assert.That(isComplete, Is.True);
            Assert.That(head, Is.EqualTo(new ReplyHead(429, Head.Length, 6, IsLast: true, WasHeld: true, "1")));
        });
    }

    [Test]
    public void TryParse_EveryPrefix_IsIncomplete()
    {
        for (var length = 0; length < Head.Length; length++)
            Assert.That(ReplyHead.TryParse(Encoding.ASCII.GetBytes(Head[..length]), out _), Is.False, Head[..length]);
    }

    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [TestCase("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    public void TryParse_UnsupportedHead_Throws(string head) =>
        Assert.That(() => ReplyHead.TryParse(Encoding.ASCII.GetBytes(head), out _),
            Throws.InstanceOf<HttpRequestException>());

    [Test]
    public async Task Send_RequestsInSequenceToAHostName_UseOneConnection()
    {
        if (!await ResolvesAsync("localhost"))
            Assert.Ignore("localhost does not resolve to 127.0.0.1: /etc/hosts has no entry for it.");
        await using var server = await ServerChild.StartAsync();
        var url = $"http://localhost:{server.Port}/any?path";
        using var http = new HttpMessageInvoker(new PooledHandler());
        var sockets = 0;
        for (var i = 0; i < 20; i++)
        {
            Assert.That(await AskAsync(http, url, "5,*,1,0,*"), Is.EqualTo("13/*/*"));
            sockets = i == 0 ? server.Sockets : sockets;
        }

        // Each new connection would add a socket.
        Assert.That(server.Sockets, Is.AtMost(sockets));
    }

    [Test]
    public async Task Send_OverTls_NegotiatesItAndChecksTheCertificate()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = AcceptTlsAsync(listener);
        using var http = new HttpMessageInvoker(new PooledHandler());
        var url = $"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/";
        // Self-signed: refused, as any TLS client does.
        Assert.That(() => AskAsync(http, url, "5,*,1,0,*"),
            Throws.InstanceOf<HttpRequestException>().With.InnerException.InstanceOf<AuthenticationException>());
        await accepting;
    }

    private static async Task<bool> ResolvesAsync(string name)
    {
        try
        {
            return (await Dns.GetHostAddressesAsync(name)).Contains(IPAddress.Loopback);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task AcceptTlsAsync(TcpListener listener)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1));
        using var client = await listener.AcceptTcpClientAsync().WaitAsync(TestWait.Timeout);
        await using var stream = new SslStream(client.GetStream());
        try
        {
            await stream.AuthenticateAsServerAsync(certificate).WaitAsync(TestWait.Timeout);
            await stream.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(TestWait.Timeout);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The client refuses the certificate.
        }
    }

    private static async Task<string> AskAsync(HttpMessageInvoker http, string url, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        using var response = await http.SendAsync(request, CancellationToken.None);
        return await response.Content.ReadAsStringAsync();
    }
}
