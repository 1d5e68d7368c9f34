using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>The header <c>Prefer: wait=SECONDS</c> (RFC 7240, sections 2 and 4.3).</summary>
public sealed class PreferHeaderTests
{
    [TestCase("wait=10", 10)]
    [TestCase("WAIT=10", 10)]
    [TestCase("Wait=10", 10)]
    [TestCase(" wait = 10 ", 10)]
    [TestCase("wait=\t10", 10)]
    [TestCase("wait=\"10\"", 10)]
    [TestCase("wait=0", 0)]
    [TestCase("wait=007", 7)]
    [TestCase("wait=10; foo=\"bar\"", 10)]
    [TestCase("respond-async, wait=10", 10)]
    [TestCase("respond-async,wait=10,handling=lenient", 10)]
    [TestCase("foo; wait=3, wait=10", 10, Description = "a parameter of another preference")]
    [TestCase("foo=wait, wait=10", 10)]
    [TestCase(",, ,wait=10,", 10)]
    [TestCase("wait=2147483647", int.MaxValue)]
    [TestCase("wait=2147483648", int.MaxValue)]
    [TestCase("wait=99999999999999999999999", int.MaxValue)]
    public void WaitSeconds_OfAPreference_IsTheRequestedWait(string header, int seconds) =>
        Assert.That(PreferHeader.WaitSeconds(header), Is.EqualTo(seconds));

    [TestCase("")]
    [TestCase("respond-async")]
    [TestCase("waiting=10")]
    [TestCase("await=10")]
    [TestCase("wait")]
    [TestCase("wait=")]
    [TestCase("wait=\"\"")]
    [TestCase("wait=\"")]
    [TestCase("wait=-1")]
    [TestCase("wait=+1")]
    [TestCase("wait=1.5")]
    [TestCase("wait=1 2")]
    [TestCase("wait=ten")]
    [TestCase("wait=٣")]
    [TestCase("wait:10")]
    public void WaitSeconds_WithoutAWellFormedPreference_IsZero(string header) =>
        Assert.That(PreferHeader.WaitSeconds(header), Is.Zero);

    [TestCase("wait=5, wait=10", 5)]
    [TestCase("wait=10, wait=5", 10)]
    [TestCase("wait=ten, wait=5", 0)]
    [TestCase("wait, wait=5", 0)]
    public void WaitSeconds_OfSeveral_IsTheFirst(string header, int seconds) =>
        Assert.That(PreferHeader.WaitSeconds(header), Is.EqualTo(seconds));

    [TestCase("foo=\"a, wait=5, b\", wait=10", 10)]
    [TestCase("foo=\"a\\\", wait=5, b\", wait=10", 10)]
    [TestCase("foo; bar=\"x, wait=5\"", 0)]
    public void WaitSeconds_IgnoresQuotedSeparators(string header, int seconds) =>
        Assert.That(PreferHeader.WaitSeconds(header), Is.EqualTo(seconds));
}
