using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report;

/// <summary>The area of a drawing where the data goes, with its axes around it.</summary>
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

    /// <summary>Whether the names of the series stand at the ends of their lines.</summary>
    public bool HasNames { get; }

    public double X(double value) => Left + (_chart.X.Place(value) * (Right - Left));

    public double Y(double value) => Bottom - (_chart.Y.Place(value) * (Bottom - Top));

    /// <summary>Left, right, top and bottom, for the pointer's hair line.</summary>
    public string Bounds => string.Join(' ', new[] { Left, Right, Top, Bottom }.Select(Coordinate));

    /// <summary>Grid lines and what is written beside them.</summary>
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
