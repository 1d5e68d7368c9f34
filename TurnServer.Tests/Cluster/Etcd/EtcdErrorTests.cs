using System.Net.Security;
using System.Net.Sockets;
using Grpc.Core;
using TurnServer.Cluster.Etcd;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>The errors of calls to etcd, in words for an operator.</summary>
internal sealed class EtcdErrorTests
{
    [Test]
    public void Describe_ATlsConnectionThatWasClosed_AsksForTheCertificate()
    {
        var closed = new ObjectDisposedException(typeof(SslStream).FullName);
        foreach (var cause in (Exception[])[closed, new HttpRequestException("The request failed.", closed)])
        {
            Assert.That(Describe(cause), Is.EqualTo(
                "the connection was closed; does etcd want a client certificate (--cluster-cert)?"));
        }
    }

    [Test]
    public void Describe_AnyOtherObject_SaysWhatItIs() =>
        Assert.That(Describe(new ObjectDisposedException("Channel")), Does.Contain("Channel"));

    [Test]
    public void Describe_ASocketError_IsAFewWords() => Assert.That(
        Describe(new IOException("Broken.", new SocketException((int)SocketError.ConnectionReset))),
        Is.EqualTo("connection reset"));

    private static string Describe(Exception cause) => EtcdError.Describe(
        new RpcException(new Status(StatusCode.Unavailable, cause.Message, cause)), TimeSpan.FromSeconds(1));
}
