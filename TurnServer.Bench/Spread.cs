using System.Globalization;

namespace TurnServer.Bench;

/// <summary>Median and range of one measurement over several rounds.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    /// <summary>The spread of at least one value.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return new Spread((sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2, sorted[0], sorted[^1]);
    }

    /// <summary>The median, and in parentheses the range.</summary>
    /// <param name="format">Of each number.</param>
    public string ToString(string format)
    {
        return $"{Text(Median)} ({Text(Min)} to {Text(Max)})";

        string Text(double number) => number.ToString(format, CultureInfo.InvariantCulture);
    }

    public override string ToString() => ToString("0.00");
}
