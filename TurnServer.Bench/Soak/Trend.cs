namespace TurnServer.Bench.Soak;

/// <summary>
/// Whether something that was sampled is flat: its low over the second half of the time is no more than allowed above
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
    /// <param name="samples">What was sampled.</param>
    /// <param name="duration">In which time.</param>
    /// <param name="share">By what share of it the figure may grow.</param>
    /// <param name="beside">By how much it may grow beside that.</param>
    /// <param name="figure">Which figure.</param>
    public static Trend Of(IReadOnlyList<SoakSample> samples, TimeSpan duration, double share, double beside,
        Func<SoakSample, double> figure)
    {
        var before = Quantile(samples, duration, WarmUpEnd, 0.5, LowShare, figure);
        return new Trend(before, Quantile(samples, duration, 0.5, 1, LowShare, figure), (before * share) + beside);
    }

    /// <summary>
    /// A quantile over a part of the time, from and to a share of it; NaN when nothing was sampled then.
    /// </summary>
    public static double Quantile(IReadOnlyList<SoakSample> samples, TimeSpan duration, double from, double to,
        double quantile, Func<SoakSample, double> figure)
    {
        var values = samples.Where(sample => sample.At >= duration * from && sample.At <= duration * to)
            .Select(figure).Order().ToList();
        return values.Count == 0 ? double.NaN : values[(int)((values.Count - 1) * quantile)];
    }
}
