using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Http;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Requests per second and address.</summary>
internal sealed class AddressLimiterTests
{
    private static readonly ClientAddress Ann = Address(1);

    [Test]
    public void TryAdmit_BeyondTwoSecondsWorth_Refuses()
    {
        var limiter = new AddressLimiter(5, NullLogger.Instance);
        var startedAt = Stopwatch.GetTimestamp();
        var admitted = Enumerable.Range(0, 100).Count(_ => limiter.TryAdmit(Ann));
        var refilled = 5 * (int)Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        Assert.That(admitted, Is.InRange(10, 10 + refilled));
    }

    [Test]
    public void TryAdmit_WhenOneAddressHasNoneLeft_AdmitsOthers()
    {
        var limiter = new AddressLimiter(1, NullLogger.Instance);
        while (limiter.TryAdmit(Ann))
        {
            // Until it has none left.
        }

        Assert.That(limiter.TryAdmit(Address(2)), Is.True);
    }

    // The library's bucket reads the system's clock alone: this waits for real, as long as one of 100 a second takes.
    [Test]
    public async Task TryAdmit_AfterAWhile_AdmitsAgain()
    {
        var limiter = new AddressLimiter(100, NullLogger.Instance);
        while (limiter.TryAdmit(Ann))
        {
            // Until it has none left.
        }

        await TestWait.UntilAsync(() => limiter.TryAdmit(Ann), "it has tokens again", TimeSpan.FromSeconds(5));
    }

    [Test]
    public void TryAdmit_Loopback_IsExempt()
    {
        var limiter = new AddressLimiter(1, NullLogger.Instance);
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.Parse("127.1.2.3"), IPAddress.IPv6Loopback })
        {
            var client = ClientAddress.Of(address);
            Assert.That(Enumerable.Range(0, 100).All(_ => limiter.TryAdmit(client)), Is.True, address.ToString());
        }

        Assert.That(limiter.Count, Is.Zero);
    }

    [Test]
    public void TryAdmit_WithoutALimit_AdmitsAllAndRemembersNobody()
    {
        var limiter = new AddressLimiter(0, NullLogger.Instance);
        Assert.That(Enumerable.Range(0, 10_000).All(_ => limiter.TryAdmit(Ann)), Is.True);
        Assert.That(limiter.Count, Is.Zero);
    }

    [Test]
    public void TryAdmit_FromAddressesWithoutEnd_RemembersABoundedNumber()
    {
        var limiter = new AddressLimiter(1000, NullLogger.Instance);
        for (var i = 0; i < 3 * AddressLimiter.Capacity; i++)
            limiter.TryAdmit(Address(i));
        Assert.That(limiter.Count, Is.InRange(1, 2 * AddressLimiter.Capacity));
    }

    [Test]
    public void TryAdmit_FromOneIPv6Subscriber_CountsItsAddressesAsOne()
    {
        var limiter = new AddressLimiter(1, NullLogger.Instance);
        var admitted = Enumerable.Range(1, 100)
            .Count(i => limiter.TryAdmit(ClientAddress.Of(IPAddress.Parse($"2001:db8:0:1::{i:x}"))));
        Assert.That(admitted, Is.LessThan(50));
    }

    private static ClientAddress Address(int i) =>
        ClientAddress.Of(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]));
}
