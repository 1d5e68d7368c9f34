namespace TurnServer.Bench.Soak;

/// <summary>
/// Whether something that was sampled is flat at the end: its median over the last fifth of the time is no more than
/// allowed above that over the middle fifth.
/// </summary>
/// <remarks>
/// Medians, as collections and single bursts are no growth; the middle, as what is warmed up by then stays; two points
/// in time rather than a slope, which the growth of the first minutes would tilt.
/// </remarks>
/// <param name="Middle">The median over the middle fifth.</param>
/// <param name="Last">The median over the last fifth.</param>
/// <param name="GrowthMax">The share of the middle's by which the last may be above it.</param>
internal readonly record struct Trend(double Middle, double Last, double GrowthMax)
{
    /// <summary>
    /// The share by which it grew; negative when it shrank. Of one megabyte or descriptor where there was less: a heap
    /// that was never collected counts as empty.
    /// </summary>
    public double Growth => (Last - Middle) / Math.Max(Middle, 1);

    /// <summary>Whether it is flat; not so when nothing was sampled.</summary>
    public bool IsFlat => Growth <= GrowthMax;

    /// <summary>The trend of one of the figures.</summary>
    public static Trend Of(IReadOnlyList<SoakSample> samples, TimeSpan duration, double growthMax,
        Func<SoakSample, double> figure) => new(Median(samples, duration, 0.4, 0.6, figure),
            Median(samples, duration, 0.8, 1, figure), growthMax);

    /// <summary>The median over a part of the time, from and to a share of it; NaN when nothing was sampled.</summary>
    public static double Median(IReadOnlyList<SoakSample> samples, TimeSpan duration, double from, double to,
        Func<SoakSample, double> figure)
    {
        var values = samples.Where(sample => sample.At >= duration * from && sample.At <= duration * to)
            .Select(figure).Order().ToList();
        return values.Count == 0 ? double.NaN : (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
