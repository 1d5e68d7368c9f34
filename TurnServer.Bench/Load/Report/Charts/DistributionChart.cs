namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>Latency by percentile.</summary>
internal static class DistributionChart
{
    // The axis has no room for more nines.
    private const double PercentileMax = 99.9999;

    private static readonly string[] SymbolColors = ["c3", "c7", "c4", "c5", "c6", "c8", "c2"];

    private static readonly double[] ReadAt =
        [10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.999, 99.9999];

    public static Chart Of(LoadReport report)
    {
        List<Series> series = [.. Line("turns", "c1", report.TurnLatency).Select(line => line with { IsMain = true })];
        series.AddRange(report.Symbols.OrderBy(symbol => symbol.Symbol)
            .SelectMany(symbol => Line(symbol.Name, ColorOf(symbol.Symbol), symbol.Latency)));
        var points = series.SelectMany(line => line.Points).ToList();
        var end = points.Select(point => point.X).DefaultIfEmpty(99).Max();
        return new Chart("Latency by percentile", "Share of requests with at most this latency; the axis gives "
            + "every nine the same space.", Axis.Percentile(Math.Max(end, 99)),
            Axis.Fitting(points.Select(point => point.Y), NumberFormat.MillisecondsTick), series)
        {
            Readings = Readings(series, end),
        };
    }

    // The same color for a symbol in every chart.
    private static string ColorOf(int symbol) => SymbolColors[Math.Abs(symbol) % SymbolColors.Length];

    private static IEnumerable<Series> Line(string name, string color, LatencySummary latency)
    {
        if (latency.Count == 0 || latency.Distribution.Count == 0)
            return [];
        // 100 % would be infinitely far to the right: the slowest of n is drawn at (n-1)/n.
        var last = 100 * (1 - (1.0 / Math.Max(latency.Count, 2)));
        var below = latency.Distribution.Where(point => point.Percentile <= PercentileMax).ToList();
        if (below.Count > 0)
            last = Math.Max(last, below[^1].Percentile);
        var points = latency.Distribution.Select(point =>
            new ChartPoint(Math.Min(point.Percentile, Math.Min(last, PercentileMax)), point.Milliseconds));
        return [new Series(name, color, [.. points])];
    }

    private static IReadOnlyList<Reading> Readings(List<Series> series, double end) =>
        [.. ReadAt.Where(percentile => percentile <= end).Select(percentile => new Reading(percentile,
            $"{NumberFormat.Round(percentile)}\u00A0%", [.. series.Select(line => ValueAt(line, percentile))]))];

    private static string? ValueAt(Series line, double percentile)
    {
        var reached = line.Points.Where(point => point.X >= percentile).ToList();
        return reached.Count == 0 ? null : NumberFormat.Milliseconds(reached[0].Y);
    }
}
