using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>The header <c>Turn-Received</c> (PROTOCOL.md, "Saying what has arrived").</summary>
public sealed class TurnReceivedHeaderTests
{
    [TestCase("0", 0)]
    [TestCase(" 17 ", 17)]
    [TestCase("2147483647", int.MaxValue)]
    public void TryParse_Digits_ReturnsTheNumber(string header, int expected)
    {
        Assert.That(TurnReceivedHeader.TryParse(header, out var bytes));
        Assert.That(bytes, Is.EqualTo(expected));
    }

    [TestCase("2147483648")]
    [TestCase("99999999999999999999999")]
    public void TryParse_NumberAboveIntMax_Saturates(string header)
    {
        Assert.That(TurnReceivedHeader.TryParse(header, out var bytes));
        Assert.That(bytes, Is.EqualTo(int.MaxValue));
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("-1")]
    [TestCase("+1")]
    [TestCase("1.0")]
    [TestCase("1,2")]
    [TestCase("0x10")]
    [TestCase("\u0661", Description = "an Arabic-Indic digit one")]
    public void TryParse_NotDecimalDigits_ReturnsFalse(string header) =>
        Assert.That(TurnReceivedHeader.TryParse(header, out _), Is.False);
}
