using System.Globalization;
using TurnServer.Bench.Load.Report;

namespace TurnServer.Tests.Bench;

public sealed class NumberFormatTests
{
    [TestCase(0, "0")]
    [TestCase(0.00042, "0.0004")]
    [TestCase(0.0421, "0.042")]
    [TestCase(0.4219, "0.42")]
    [TestCase(4.219, "4.22")]
    [TestCase(42.19, "42.2")]
    [TestCase(421.9, "422")]
    [TestCase(1234567.8, "1\u202F234\u202F568")]
    [TestCase(double.NaN, "–")]
    [TestCase(double.PositiveInfinity, "–")]
    public void Number_AnyValue_HasThreeSignificantDigits(double value, string expected) =>
        Assert.That(NumberFormat.Number(value), Is.EqualTo(expected));

    [TestCase(0.5, "0.5 ms")]
    [TestCase(1000, "1 s")]
    [TestCase(20_000, "20 s")]
    public void MillisecondsTick_RoundValue_IsShort(double value, string expected) =>
        Assert.That(NumberFormat.MillisecondsTick(value), Is.EqualTo(expected.Replace(' ', '\u00A0')));

    [TestCase(1.04, "1 s")]
    [TestCase(61.37, "61.4 s")]
    [TestCase(300, "5 min")]
    [TestCase(305, "5 min 5 s")]
    [TestCase(9000, "2 h 30 min")]
    public void Span_AnyDuration_IsInItsLargestUnits(double seconds, string expected) =>
        Assert.That(NumberFormat.Span(TimeSpan.FromSeconds(seconds)).Replace('\u00A0', ' '), Is.EqualTo(expected));

    [TestCase(0.5, "50 %")]
    [TestCase(0.00125, "0.13 %")]
    [TestCase(1.754, "175 %")]
    [TestCase(double.NaN, "–")]
    public void Percent_OfAShare_IsInHundredths(double share, string expected) =>
        Assert.That(NumberFormat.Percent(share).Replace('\u00A0', ' '), Is.EqualTo(expected));

    [Test]
    public void Number_InACultureWithDecimalComma_IsUnchanged()
    {
        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = comma;
            Assert.That(NumberFormat.Number(4.2), Is.EqualTo("4.20"));
            Assert.That(Markup.Coordinate(4.25), Is.EqualTo("4.3"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
