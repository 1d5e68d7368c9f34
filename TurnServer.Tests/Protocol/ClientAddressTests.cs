using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>Which addresses count as one client's.</summary>
public sealed class ClientAddressTests
{
    [TestCase("203.0.113.7", "203.0.113.7")]
    [TestCase("203.0.113.7", "::ffff:203.0.113.7")]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff")]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:2::")]
    public void Of_TwoAddressesOfOneSubscriber_AreEqual(string one, string other)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Of(one), Is.EqualTo(Of(other)));
            Assert.That(Of(one).GetHashCode(), Is.EqualTo(Of(other).GetHashCode()));
        }
    }

    [TestCase("203.0.113.7", "203.0.113.8")]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:3::1")]
    [TestCase("203.0.113.7", "::203.0.113.7")]
    [TestCase("127.0.0.1", "::1")]
    public void Of_TwoSubscribers_Differ(string one, string other) => Assert.That(Of(one), Is.Not.EqualTo(Of(other)));

    [TestCase("127.0.0.1", true)]
    [TestCase("127.255.255.254", true)]
    [TestCase("::1", true)]
    [TestCase("::ffff:127.0.0.1", true)]
    [TestCase("126.255.255.255", false)]
    [TestCase("128.0.0.1", false)]
    [TestCase("0.0.0.127", false)]
    [TestCase("10.0.0.127", false)]
    [TestCase("::ffff:10.0.0.1", false)]
    [TestCase("fe80::1", false)]
    [TestCase("2001:db8::1", false)]
    [TestCase("0:0:0:1::1", false)]
    public void IsLoopback_OfAnAddress_IsWhetherItIsThisMachine(string address, bool isLoopback) =>
        Assert.That(Of(address).IsLoopback, Is.EqualTo(isLoopback));

    [TestCase("203.0.113.7", "203.0.113.7")]
    [TestCase("::ffff:203.0.113.7", "203.0.113.7")]
    [TestCase("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [TestCase("fe80::1%3", "fe80::/64")]
    public void ToString_OfAnAddress_IsItsUsualNotation(string address, string text) =>
        Assert.That(Of(address).ToString(), Is.EqualTo(text));

    private static ClientAddress Of(string address) => ClientAddress.Of(IPAddress.Parse(address));
}
