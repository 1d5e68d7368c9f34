using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>The header <c>Turn-Received</c> (PROTOCOL.md, "Saying what has arrived").</summary>
public sealed class TurnReceivedHeaderTests
{
    [TestCase("0", 0)]
    [TestCase(" 17 ", 17)]
    [TestCase("2147483647", int.MaxValue)]
    [TestCase("2147483648", int.MaxValue)]
    [TestCase("99999999999999999999999", int.MaxValue)]
    public void TryParse_Digits_IsTheNumber(string header, int expected)
    {
        Assert.That(TurnReceivedHeader.TryParse(header, out var bytes));
        Assert.That(bytes, Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("-1")]
    [TestCase("+1")]
    [TestCase("1.0")]
    [TestCase("1,2")]
    [TestCase("0x10")]
    [TestCase("\u0661")]
    public void TryParse_AnythingElse_IsFalse(string header) =>
        Assert.That(TurnReceivedHeader.TryParse(header, out _), Is.False);
}
