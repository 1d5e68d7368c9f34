namespace TurnServer.Bench.Soak;

/// <summary>
/// Whether something that was sampled is flat: its low over the second half of the samples is no more than allowed above
/// that over the first half, whose first fifth does not count as the server is warming up.
/// </summary>
/// <remarks>
/// Lows, as the managed heap rises for minutes until its oldest generation is collected, and physical memory with it:
/// in ten minutes at 5000 requests a second from 6 to 19 MB and back, twice. What leaks is what no collection brings
/// down. Halves, so that each has such a collection.
/// </remarks>
/// <param name="Before">The low over the first half: of all samples one in twenty is below.</param>
/// <param name="After">The same over the second half.</param>
/// <param name="GrowthMax">By how much the second may be above the first.</param>
internal readonly record struct Trend(double Before, double After, double GrowthMax)
{
    private const double WarmUpEnd = 0.1;
    private const double LowShare = 0.05;

    /// <summary>By how much it grew; negative when it shrank.</summary>
    public double Growth => After - Before;

    /// <summary>Whether it is flat; not so when nothing was sampled.</summary>
    public bool IsFlat => Growth <= GrowthMax;

    /// <summary>The trend of one of the figures.</summary>
    /// <param name="samples">
    /// What was sampled, at regular intervals. Halved by number and not by time: on a busy machine the first samples
    /// may come late.
    /// </param>
    /// <param name="share">By what share of it the figure may grow.</param>
    /// <param name="beside">By how much it may grow beside that.</param>
    /// <param name="figure">Which figure.</param>
    public static Trend Of(IReadOnlyList<SoakSample> samples, double share, double beside,
        Func<SoakSample, double> figure)
    {
        var half = samples.Count / 2;
        var before = Quantile(samples.Take(half).Skip((int)(samples.Count * WarmUpEnd)).Select(figure), LowShare);
        return new Trend(before, Quantile(samples.Skip(half).Select(figure), LowShare), (before * share) + beside);
    }

    /// <summary>A quantile of these values; NaN of none.</summary>
    public static double Quantile(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * quantile)];
    }
}
