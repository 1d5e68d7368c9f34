namespace TurnServer.Bench.Soak;

/// <summary>
/// Whether a sampled value is flat: its minimum over the second half of the samples is at most a given amount above
/// that over the first half, without the first tenth of all samples, in which the server warms up.
/// </summary>
/// <remarks>
/// Minimum, because the managed heap and RSS rise for minutes until a collection of the oldest generation; a leak is
/// what remains after it. Halves, so that each contains such a collection.
/// </remarks>
/// <param name="Before">The minimum over the first half, as the 5th percentile.</param>
/// <param name="After">The same over the second half.</param>
/// <param name="GrowthMax">Largest allowed growth.</param>
internal readonly record struct Trend(double Before, double After, double GrowthMax)
{
    private const double WarmUpEnd = 0.1;
    private const double LowShare = 0.05;

    /// <summary>Growth; negative when it shrank.</summary>
    public double Growth => After - Before;

    /// <summary>Whether it is flat; false without samples.</summary>
    public bool IsFlat => Growth <= GrowthMax;

    /// <summary>The trend of a value.</summary>
    /// <param name="samples">Samples at regular intervals; halved by number, as the first may come late.</param>
    /// <param name="share">Share by which it may grow.</param>
    /// <param name="extra">Constant by which it may grow beside that.</param>
    /// <param name="value">Selects the value.</param>
    public static Trend Of(IReadOnlyList<SoakSample> samples, double share, double extra,
        Func<SoakSample, double> value)
    {
        var half = samples.Count / 2;
        var before = Quantile(samples.Take(half).Skip((int)(samples.Count * WarmUpEnd)).Select(value), LowShare);
        return new Trend(before, Quantile(samples.Skip(half).Select(value), LowShare), (before * share) + extra);
    }

    /// <summary>A quantile; NaN without values.</summary>
    public static double Quantile(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * quantile)];
    }
}
