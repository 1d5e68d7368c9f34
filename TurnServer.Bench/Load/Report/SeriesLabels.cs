using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report;

/// <summary>The names of the series at the ends of their lines, moved apart where they would overlap.</summary>
internal static class SeriesLabels
{
    /// <summary>How far from the plot the names begin, and how much room they leave behind them.</summary>
    public const double Indent = 30;

    private const double Elbow = 16;
    private const double LineHeight = 15;
    private const double TextDrop = 4;

    public static IEnumerable<XElement> Draw(Chart chart, Plot plot)
    {
        var ends = chart.Series.Where(series => series.Points.Any(point => double.IsFinite(point.Y)))
            .Select(series => (Series: series, Last: series.Points.Last(point => double.IsFinite(point.Y))))
            .OrderBy(end => plot.Y(end.Last.Y)).ToList();
        var places = MoveApart([.. ends.Select(end => plot.Y(end.Last.Y))], plot.Bottom);
        for (var i = 0; i < ends.Count; i++)
        {
            var (series, last) = ends[i];
            var (x, y) = (plot.X(last.X), plot.Y(last.Y));
            // A line that ends early goes on as dots, so that the eye finds its name.
            var isEarly = x < plot.Right - Elbow;
            if (isEarly)
                yield return Plot.Line($"lead {series.Color}", x, y, plot.Right, y);
            var path = $"M{Coordinate(isEarly ? plot.Right : x)} {Coordinate(y)}H{Coordinate(plot.Right)}"
                + $"L{Coordinate(plot.Right + Elbow)} {Coordinate(places[i])}h4";
            yield return Element($"path.elbow.{series.Color}", Attribute("d", path));
            yield return Plot.Text("name", plot.Right + Elbow + 8, places[i] + TextDrop, series.Name);
        }
    }

    // Down the list each gives way to the one above it; then, from the floor up, each to the one below.
    private static double[] MoveApart(double[] places, double bottom)
    {
        for (var i = 1; i < places.Length; i++)
            places[i] = Math.Max(places[i], places[i - 1] + LineHeight);
        for (var i = places.Length - 1; i >= 0; i--)
            places[i] = Math.Min(places[i], i == places.Length - 1 ? bottom : places[i + 1] - LineHeight);
        return places;
    }
}
