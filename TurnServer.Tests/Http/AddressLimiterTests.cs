using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Http;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>The limit on requests per second and address.</summary>
internal sealed class AddressLimiterTests
{
    private static readonly ClientAddress Ann = Address(1);

    [Test]
    public void TryAdmit_BeyondABurstOfTwoSeconds_Refuses()
    {
        var limiter = new AddressLimiter(5, NullLogger.Instance);
        var startedAt = Stopwatch.GetTimestamp();
        var admitted = Enumerable.Range(0, 100).Count(_ => limiter.TryAdmit(Ann));
        var refilled = 5 * (int)Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        Assert.That(admitted, Is.InRange(10, 10 + refilled));
    }

    [Test]
    public void TryAdmit_WhenOneAddressHasNoTokensLeft_AdmitsOthers()
    {
        var limiter = new AddressLimiter(1, NullLogger.Instance);
        while (limiter.TryAdmit(Ann))
        {
            // Uses up all tokens.
        }

        Assert.That(limiter.TryAdmit(Address(2)), Is.True);
    }

    // .NET's token bucket reads the system clock, so this waits in real time: 10 ms for one token.
    [Test]
    public async Task TryAdmit_AfterTheBucketRefills_AdmitsAgain()
    {
        var limiter = new AddressLimiter(100, NullLogger.Instance);
        while (limiter.TryAdmit(Ann))
        {
            // Uses up all tokens.
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
    public void TryAdmit_WithoutALimit_AdmitsAllAndStoresNoAddress()
    {
        var limiter = new AddressLimiter(0, NullLogger.Instance);
        Assert.That(Enumerable.Range(0, 10_000).All(_ => limiter.TryAdmit(Ann)), Is.True);
        Assert.That(limiter.Count, Is.Zero);
    }

    [Test]
    public void TryAdmit_FromManyAddresses_StoresABoundedNumber()
    {
        var limiter = new AddressLimiter(1000, NullLogger.Instance);
        for (var i = 0; i < 3 * AddressLimiter.Capacity; i++)
            limiter.TryAdmit(Address(i));
        Assert.That(limiter.Count, Is.InRange(1, 2 * AddressLimiter.Capacity));
    }

    [Test]
    public void TryAdmit_FromOneIPv6Slash64_CountsItAsOneAddress()
    {
        var limiter = new AddressLimiter(1, NullLogger.Instance);
        var admitted = Enumerable.Range(1, 100)
            .Count(i => limiter.TryAdmit(ClientAddress.Of(IPAddress.Parse($"2001:db8:0:1::{i:x}"))));
        Assert.That(admitted, Is.LessThan(50));
    }

    private static ClientAddress Address(int i) =>
        ClientAddress.Of(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]));
}
