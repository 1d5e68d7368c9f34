using TurnServer.Bench.Load.Report;
using TurnServer.Bench.Load.Report.Charts;

namespace TurnServer.Tests.Bench;

/// <summary>Axes cover their values and are labelled at round numbers.</summary>
public sealed class LoadPageAxisTests
{
    private static readonly double[] Ends = [0.0004, 0.03, 0.1, 0.7, 1, 1.01, 3, 9.99, 10, 47, 200, 999, 1e6, 7.3e9];

    [TestCaseSource(nameof(Ends))]
    public void Linear_AnyMax_CoversItWithAFewRoundSteps(double max)
    {
        var axis = Axis.Linear(max, NumberFormat.Round);
        var steps = axis.Ticks.Zip(axis.Ticks.Skip(1), (low, high) => high.Value - low.Value).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(axis.From, Is.Zero);
            Assert.That(axis.To, Is.GreaterThanOrEqualTo(max * (1 - 1e-9)));
            Assert.That(axis.To, Is.LessThan(max * 2), "more room than the values need");
            Assert.That(axis.Ticks, Has.Count.InRange(3, 7));
            Assert.That(axis.Ticks[^1].Value, Is.EqualTo(axis.To));
            Assert.That(steps, Is.All.EqualTo(Axis.RoundUp(steps[0])).Within(1e-6).Percent);
        }
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void Linear_NoUsableMax_RunsTo1(double max) =>
        Assert.That(Axis.Linear(max, NumberFormat.Round).To, Is.EqualTo(1));

    [Test]
    public void Logarithmic_AnyTwoEnds_CoversThemAtRoundNumbers()
    {
        foreach (var min in Ends)
        {
            foreach (var max in Ends.Where(max => max >= min))
            {
                var axis = Axis.Logarithmic(min, max, NumberFormat.Round);
                Assert.That(axis.From, Is.GreaterThan(0).And.LessThanOrEqualTo(min * (1 + 1e-9)), $"{min} to {max}");
                Assert.That(axis.To, Is.GreaterThanOrEqualTo(max * (1 - 1e-9)).And.GreaterThan(axis.From));
                Assert.That(axis.Ticks, Has.Count.GreaterThanOrEqualTo(2));
                Assert.That(axis.Ticks.Select(tick => tick.Value / Axis.RoundUp(tick.Value)),
                    Is.All.EqualTo(1).Within(1e-9));
            }
        }
    }

    [Test]
    public void Logarithmic_ManyDecades_IsLabelledAtPowersOfTen()
    {
        var labels = Axis.Logarithmic(0.3, 40_000, NumberFormat.Round).Ticks.Select(tick => tick.Label);
        Assert.That(labels, Is.EqualTo(["1", "10", "100", "1\u202F000", "10\u202F000"]));
    }

    [Test]
    public void Place_OnALogarithmicAxis_SpacesEqualRatiosEqually()
    {
        var axis = Axis.Logarithmic(1, 100, NumberFormat.Round);
        Assert.That(new double[] { 0, 1, 10, 100, 1000, double.NaN }.Select(axis.Place),
            Is.EqualTo([0, 0, 0.5, 1, 1, 0]).Within(1e-9));
    }

    [Test]
    public void Fitting_ValuesFarApart_IsLogarithmic() =>
        Assert.That(Axis.Fitting([0, 1, 30], NumberFormat.Round).From, Is.EqualTo(1), "0 is at the start of the axis");

    [Test]
    public void Fitting_ValuesNearOrEqual_StartsAt0()
    {
        Assert.That(Axis.Fitting([7, 7], NumberFormat.Round),
            Has.Property("From").Zero.And.Property("To").GreaterThan(7));
        Assert.That(Axis.Fitting([1, 15, double.NaN], NumberFormat.Round).From, Is.Zero);
        Assert.That(Axis.Fitting([], NumberFormat.Round).From, Is.Zero);
    }

    [TestCase(1, "0 s|1 s")]
    [TestCase(7, "0 s|1 s|2 s|3 s|4 s|5 s|6 s|7 s")]
    [TestCase(61, "0 s|10 s|20 s|30 s|40 s|50 s|60 s")]
    [TestCase(600, "0 min|1 min|2 min|3 min|4 min|5 min|6 min|7 min|8 min|9 min|10 min")]
    [TestCase(7200, "0 min|10 min|20 min|30 min|40 min|50 min|60 min|70 min|80 min|90 min|100 min|110 min|120 min")]
    [TestCase(36_000, "0 h|1 h|2 h|3 h|4 h|5 h|6 h|7 h|8 h|9 h|10 h")]
    public void Time_OfAnyDuration_IsLabelledInClockUnits(double seconds, string expected)
    {
        var labels = Axis.Time(seconds).Ticks.Select(tick => tick.Label.Replace('\u00A0', ' '));
        Assert.That(string.Join('|', labels), Is.EqualTo(expected));
    }

    [Test]
    public void Percentile_EachNine_TakesTheSameSpace()
    {
        var axis = Axis.Percentile(99.99);
        Assert.That(new[] { 0, 90, 99, 99.9, 99.99, 100 }.Select(axis.Place),
            Is.EqualTo([0, 0.25, 0.5, 0.75, 1, 1]).Within(1e-6));
    }

    [Test]
    public void At_ARamp_IsLabelledAtItsSteps()
    {
        var axis = Axis.At([100, 100, 10_000, 1000], NumberFormat.Round);
        Assert.That(axis.Ticks.Select(tick => tick.Value), Is.EqualTo([100, 1000, 10_000]));
        Assert.That(axis.Place(1000), Is.EqualTo(0.5).Within(1e-9));
    }
}
