using System.Net;
using TurnServer.Http;
using TurnServer.Protocol;

namespace TurnServer.Tests.Http;

/// <summary>
/// The limit on connections by address. Tested without sockets, as loopback clients are exempt.
/// </summary>
public sealed class AddressConnectionsTests
{
    private static readonly ClientAddress Phone = ClientAddress.Of(IPAddress.Parse("203.0.113.7"));
    private static readonly ClientAddress Other = ClientAddress.Of(IPAddress.Parse("203.0.113.8"));

    [Test]
    public void TryAdmit_AboveTheLimit_RefusesOnlyThatAddress()
    {
        var connections = new AddressConnections(2);
        Assert.That(Admitted(connections, Phone, 3), Is.EqualTo(new[] { true, true, false }));
        Assert.That(connections.TryAdmit(Other));
    }

    [Test]
    public void TryAdmit_FromOneIPv6Slash64_CountsItAsOneAddress()
    {
        var connections = new AddressConnections(1);
        Assert.That(connections.TryAdmit(ClientAddress.Of(IPAddress.Parse("2001:db8::1"))));
        Assert.That(connections.TryAdmit(ClientAddress.Of(IPAddress.Parse("2001:db8::2"))), Is.False);
        Assert.That(connections.TryAdmit(ClientAddress.Of(IPAddress.Parse("2001:db8:0:1::1"))));
    }

    [TestCase(1, "127.0.0.1")]
    [TestCase(0, "203.0.113.7")]
    public void TryAdmit_FromLoopbackOrWithoutALimit_AdmitsAll(int max, string address)
    {
        var admitted = Admitted(new AddressConnections(max), ClientAddress.Of(IPAddress.Parse(address)), 5);
        Assert.That(admitted, Has.All.True);
    }

    [Test]
    public void Recount_DropsClosedConnections_AndKeepsOpenOnes()
    {
        var connections = new AddressConnections(2);
        Admitted(connections, Phone, 2);
        Admitted(connections, Other, 2);
        connections.Recount([Phone, Other, Other]);
        Assert.That(Admitted(connections, Phone, 2), Is.EqualTo(new[] { true, false }));
        Assert.That(connections.TryAdmit(Other), Is.False);
    }

    [Test]
    public void Release_MakesRoomForOne()
    {
        var connections = new AddressConnections(2);
        Admitted(connections, Phone, 2);
        connections.Release(Phone);
        Assert.That(Admitted(connections, Phone, 2), Is.EqualTo(new[] { true, false }));
    }

    private static bool[] Admitted(AddressConnections connections, ClientAddress address, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => connections.TryAdmit(address))];
}
