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

    public override string ToString() => $"{Median:0.00} ({Min:0.00} to {Max:0.00})";
}
