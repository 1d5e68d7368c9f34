using System.Globalization;
using TurnServer.Bench.Load.Report;

namespace TurnServer.Tests.Bench;

public sealed class LoadPageFiguresTests
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
    public void Number_AnyValue_HasSensibleDigits(double value, string expected) =>
        Assert.That(Figures.Number(value), Is.EqualTo(expected));

    [TestCase(0.5, "0.5 ms")]
    [TestCase(1000, "1 s")]
    [TestCase(20_000, "20 s")]
    public void MillisecondsTick_RoundValue_IsWrittenShort(double value, string expected) =>
        Assert.That(Figures.MillisecondsTick(value), Is.EqualTo(expected.Replace(' ', '\u00A0')));

    [TestCase(1.04, "1 s")]
    [TestCase(61.37, "61.4 s")]
    [TestCase(300, "5 min")]
    [TestCase(305, "5 min 5 s")]
    [TestCase(9000, "2 h 30 min")]
    public void Span_AnyTime_IsWrittenInItsLargestUnits(double seconds, string expected) =>
        Assert.That(Figures.Span(TimeSpan.FromSeconds(seconds)).Replace('\u00A0', ' '), Is.EqualTo(expected));

    [TestCase(0.5, "50 %")]
    [TestCase(0.00125, "0.13 %")]
    [TestCase(1.754, "175 %")]
    [TestCase(double.NaN, "–")]
    public void Percent_AShare_IsWrittenOfAHundred(double share, string expected) =>
        Assert.That(Figures.Percent(share).Replace('\u00A0', ' '), Is.EqualTo(expected));

    [Test]
    public void Number_WhereACommaIsThePoint_IsWrittenAllTheSame()
    {
        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = comma;
            Assert.That(Figures.Number(4.2), Is.EqualTo("4.20"));
            Assert.That(Markup.Coordinate(4.25), Is.EqualTo("4.3"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
