using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>Draws charts: lines over an axis, or stacked bars.</summary>
internal static class ChartFigure
{
    private const double DotRadius = 3.5;

    // Bars narrower than this have no room for gaps between them.
    private const double GapFromWidth = 4;

    /// <summary>The chart with its title, caption and legend, in every size.</summary>
    public static XElement Draw(Chart chart)
    {
        if (chart.IsEmpty)
            return Frame(chart.Title, chart.Summary, chart.IsWide, Element("p.nothing", "No data"));
        List<ChartSize> sizes = chart.IsWide
            ? [ChartSize.Wide, ChartSize.Half, ChartSize.Narrow]
            : [ChartSize.Half, ChartSize.Narrow];
        var figure = Frame(chart.Title, chart.Summary, chart.IsWide, Legend(chart),
            sizes.Select(size => Drawing(chart, size)));
        if (chart.Readings.Count > 0)
            figure.Add(Attribute("data-readings", Readings(chart)));
        return figure;
    }

    /// <summary>A figure with a heading and a caption.</summary>
    public static XElement Frame(string title, string summary, bool isWide, params object?[] content) =>
        Element(isWide ? "figure.spread" : "figure",
            Element("figcaption", Element("h3", title), Element("p", summary)), content);

    /// <summary>An empty drawing with a text for screen readers.</summary>
    public static XElement Svg(string title, string summary, ChartSize size) => Element($"svg.{size.Class}",
        Attribute("viewBox", $"0 0 {Coordinate(size.Width)} {Coordinate(size.Height)}"),
        Attribute("role", "img"), Attribute("aria-label", $"{title}. {summary}"));

    /// <summary>A name with a patch of its color.</summary>
    public static XElement LegendItem(string name, string color) =>
        Element("li", Element($"span.patch.{color}"), name);

    private static XElement Drawing(Chart chart, ChartSize size)
    {
        var plot = new Plot(chart, size);
        var svg = Svg(chart.Title, chart.Summary, size);
        svg.Add(Attribute("data-plot", plot.Bounds));
        svg.Add(plot.Axes());
        svg.Add(chart.BarWidth > 0
            ? Stack(chart, plot)
            : chart.Series.SelectMany(series => Lines(chart, series, plot)));
        svg.Add(plot.Marks());
        if (plot.HasNames)
            svg.Add(SeriesLabels.Draw(chart, plot));
        return svg;
    }

    // Stacks are listed from the top down. Lines have their names at their ends, except on phones.
    private static XElement? Legend(Chart chart)
    {
        if (chart.Series.Count == 1)
            return null;
        var series = chart.BarWidth > 0 ? chart.Series.Reverse() : chart.Series;
        return Element(chart.BarWidth > 0 ? "ul.legend" : "ul.legend.phone",
            series.Select(each => LegendItem(each.Name, each.Color)),
            chart.Marks.Count > 0 ? Element("li", Element("span.triangle"), "seconds with errors") : null);
    }

    private static IEnumerable<XElement> Lines(Chart chart, Series series, Plot plot)
    {
        var path = new StringBuilder();
        var dots = new List<XElement>();
        for (var i = 0; i < series.Points.Count; i++)
        {
            var point = series.Points[i];
            if (!double.IsFinite(point.Y))
                continue;
            var follows = i > 0 && double.IsFinite(series.Points[i - 1].Y);
            var isFollowed = i + 1 < series.Points.Count && double.IsFinite(series.Points[i + 1].Y);
            var (x, y) = (plot.X(point.X), plot.Y(point.Y));
            path.Append(follows ? 'L' : 'M').Append(Coordinate(x)).Append(' ').Append(Coordinate(y));
            // A point between two gaps would be a line without length.
            if (chart.HasDots || (!follows && !isFollowed))
                dots.Add(Dot(series, x, y));
        }

        var classes = series.IsMain ? $"path.line.main.{series.Color}" : $"path.line.{series.Color}";
        if (path.Length > 0)
            yield return Element(classes, Attribute("d", path.ToString()));
        foreach (var dot in dots)
            yield return dot;
    }

    private static XElement Dot(Series series, double x, double y) => Element($"circle.dot.{series.Color}",
        Attribute("cx", x), Attribute("cy", y), Attribute("r", DotRadius));

    private static IEnumerable<XElement> Stack(Chart chart, Plot plot)
    {
        var heights = new double[chart.Series.Max(series => series.Points.Count)];
        var hasGaps = plot.X(chart.BarWidth) - plot.X(0) >= GapFromWidth;
        foreach (var series in chart.Series)
        {
            var path = new StringBuilder();
            for (var i = 0; i < series.Points.Count; i++)
            {
                var (middle, value) = series.Points[i];
                if (!double.IsFinite(value) || value <= 0)
                    continue;
                var (left, right) = (plot.X(middle - (chart.BarWidth / 2)), plot.X(middle + (chart.BarWidth / 2)));
                if (hasGaps)
                    right -= 1;
                var bottom = plot.Y(heights[i]);
                heights[i] += value;
                path.Append('M').Append(Coordinate(left)).Append(' ').Append(Coordinate(bottom))
                    .Append('V').Append(Coordinate(plot.Y(heights[i]))).Append('H').Append(Coordinate(right))
                    .Append('V').Append(Coordinate(bottom)).Append('Z');
            }

            var classes = hasGaps ? $"path.layer.{series.Color}" : $"path.layer.crisp.{series.Color}";
            if (path.Length > 0)
                yield return Element(classes, Attribute("d", path.ToString()));
        }
    }

    // For the page's script: places from 0 to 1, headings, and a text for each series, top first.
    private static string Readings(Chart chart)
    {
        var order = Enumerable.Range(0, chart.Series.Count);
        if (chart.BarWidth > 0)
            order = order.Reverse();
        var indexes = order.ToList();
        return JsonSerializer.Serialize(new
        {
            series = indexes.Select(i => new[] { chart.Series[i].Name, chart.Series[i].Color }),
            at = chart.Readings.Select(reading => Math.Round(chart.X.Place(reading.X), 4)),
            labels = chart.Readings.Select(reading => reading.Label),
            values = chart.Readings.Select(reading => indexes.Select(i => reading.Values[i])),
        });
    }
}
