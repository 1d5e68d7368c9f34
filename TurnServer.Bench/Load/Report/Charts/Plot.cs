using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>The plot area of a drawing, with its axes.</summary>
internal sealed class Plot
{
    private const double LabelGap = 8;
    private const double Top = 14;
    private const double TickRow = 24;
    private const double TitleRow = 18;
    private const double TextDrop = 4;

    private readonly Chart _chart;

    public Plot(Chart chart, ChartSize size)
    {
        _chart = chart;
        Left = chart.Y.Ticks.Max(tick => ChartSize.TextWidth(tick.Label)) + LabelGap;
        var names = size == ChartSize.Narrow || chart.BarWidth > 0 || chart.Series.Count == 1
            ? 0
            : chart.Series.Max(series => ChartSize.TextWidth(series.Name)) + SeriesLabels.Indent;
        Right = size.Width - Math.Max(names, LabelGap * 2);
        Bottom = size.Height - TickRow - (chart.XTitle is null ? 0 : TitleRow);
        HasNames = names > 0;
    }

    public double Left { get; }

    public double Right { get; }

    public double Bottom { get; }

    /// <summary>Whether the series' names stand at the ends of their lines.</summary>
    public bool HasNames { get; }

    public double X(double value) => Left + (_chart.X.Place(value) * (Right - Left));

    public double Y(double value) => Bottom - (_chart.Y.Place(value) * (Bottom - Top));

    /// <summary>Left, right, top and bottom, for the script's hair line.</summary>
    public string Bounds => string.Join(' ', new[] { Left, Right, Top, Bottom }.Select(Coordinate));

    /// <summary>Grid lines and their labels.</summary>
    public IEnumerable<XElement> Axes()
    {
        foreach (var tick in _chart.Y.Ticks)
        {
            var y = Y(tick.Value);
            yield return Line("grid", Left, y, Right, y);
            yield return Text("tick end", Left - LabelGap, y + TextDrop, tick.Label);
        }

        var free = double.NegativeInfinity;
        foreach (var tick in _chart.X.Ticks)
        {
            var x = X(tick.Value);
            yield return Line("grid", x, Top, x, Bottom);
            var half = ChartSize.TextWidth(tick.Label) / 2;
            if (x - half < free)
                continue;
            free = x + half + LabelGap;
            yield return Text("tick middle", x, Bottom + TickRow - LabelGap, tick.Label);
        }

        yield return Line("floor", Left, Bottom, Right, Bottom);
        if (_chart.XTitle is not null)
        {
            var middle = (Left + Right) / 2;
            yield return Text("tick middle", middle, Bottom + TickRow + TitleRow - LabelGap, _chart.XTitle);
        }
    }

    /// <summary>Small triangles on the upper edge.</summary>
    public IEnumerable<XElement> Marks() => _chart.Marks.Select(mark =>
    {
        var x = X(mark);
        var (left, right, tip) = (Coordinate(x - 4), Coordinate(x + 4), Coordinate(x));
        return Element("path.mark", Attribute("d", $"M{left} 4H{right}L{tip} {Coordinate(Top - 1)}Z"));
    });

    public static XElement Line(string classes, double x1, double y1, double x2, double y2) => Element("line",
        Attribute("class", classes), Attribute("x1", x1), Attribute("y1", y1), Attribute("x2", x2),
        Attribute("y2", y2));

    public static XElement Text(string classes, double x, double y, string text) =>
        Element("text", Attribute("class", classes), Attribute("x", x), Attribute("y", y), text);
}

/// <summary>The names of the series at the ends of their lines, moved apart where they would overlap.</summary>
internal static class SeriesLabels
{
    /// <summary>Space between the plot and the names, and behind them.</summary>
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
            // A line that ends early continues as dots up to its name.
            var isEarly = x < plot.Right - Elbow;
            if (isEarly)
                yield return Plot.Line($"lead {series.Color}", x, y, plot.Right, y);
            var path = $"M{Coordinate(isEarly ? plot.Right : x)} {Coordinate(y)}H{Coordinate(plot.Right)}"
                + $"L{Coordinate(plot.Right + Elbow)} {Coordinate(places[i])}h4";
            yield return Element($"path.elbow.{series.Color}", Attribute("d", path));
            yield return Plot.Text("name", plot.Right + Elbow + 8, places[i] + TextDrop, series.Name);
        }
    }

    // First each moves below the one above it, then, from the bottom up, above the one below it.
    private static double[] MoveApart(double[] places, double bottom)
    {
        for (var i = 1; i < places.Length; i++)
            places[i] = Math.Max(places[i], places[i - 1] + LineHeight);
        for (var i = places.Length - 1; i >= 0; i--)
            places[i] = Math.Min(places[i], i == places.Length - 1 ? bottom : places[i + 1] - LineHeight);
        return places;
    }
}
