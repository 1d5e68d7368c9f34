using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>Mean and maximum latency of each symbol, as bars with numbers.</summary>
internal static class SymbolBars
{
    private const string Title = "Latency by symbol";
    private const string Summary = "From the moment a request was due until its reply, held replies excluded.";

    private const double RowHeight = 40;
    private const double BarHeight = 12;
    private const double Top = 6;
    private const double TickRow = 24;
    private const double Gap = 8;
    private const double TextDrop = 4;

    // The axis starts below the shortest bar, so that it can be seen.
    private const double FloorRatio = 0.5;

    // Labels are side by side, and a phone has room for four.
    private const double DecadesWithSteps = 1.2;

    public static XElement Draw(LoadReport report)
    {
        var rows = report.Symbols.Where(row => row.Latency.Count > 0).OrderBy(row => row.Symbol).ToList();
        if (rows.Count == 0)
            return ChartFigure.Frame(Title, Summary, false, Element("p.nothing", "No data"));
        var legend = Element("ul.legend", ChartFigure.LegendItem("mean", "c1"), ChartFigure.LegendItem("max", "c2"));
        return ChartFigure.Frame(Title, Summary, false, legend, Drawing(rows, ChartSize.Half),
            Drawing(rows, ChartSize.Narrow));
    }

    private static XElement Drawing(List<SymbolStatistics> rows, ChartSize page)
    {
        // At least as tall as its neighbor in the grid.
        var size = page with { Height = Math.Max((rows.Count * RowHeight) + Top + TickRow, page.Height) };
        var bottom = size.Height - TickRow;
        var height = (bottom - Top) / rows.Count;
        var left = rows.Max(row => ChartSize.TextWidth(row.Name)) + Gap;
        var numbers = rows.Max(row => ChartSize.TextWidth(NumberFormat.Milliseconds(row.Latency.Max))) + Gap;
        var right = size.Width - numbers;
        var values = rows.SelectMany(row => new[] { row.Latency.Mean, row.Latency.Max }).ToList();
        var axis = BarAxis(values);

        var svg = ChartFigure.Svg(Title, Describe(rows), size);
        svg.Add(Ticks(axis, left, right, bottom));
        for (var i = 0; i < rows.Count; i++)
        {
            var middle = Top + ((i + 0.5) * height);
            svg.Add(Plot.Text("name end", left - Gap, middle + TextDrop, rows[i].Name));
            svg.Add(Bar("c1", middle - 1 - BarHeight, rows[i].Latency.Mean, axis, left, right));
            svg.Add(Bar("c2", middle + 1, rows[i].Latency.Max, axis, left, right));
        }

        svg.Add(Plot.Line("floor", left, Top, left, bottom));
        return svg;
    }

    private static Axis BarAxis(List<double> values)
    {
        var drawn = values.Where(value => double.IsFinite(value) && value > 0).ToList();
        return drawn.Count == 0
            ? Axis.Linear(1, NumberFormat.MillisecondsTick)
            : Axis.Logarithmic(drawn.Min() * FloorRatio, drawn.Max(), NumberFormat.MillisecondsTick, DecadesWithSteps);
    }

    private static IEnumerable<XElement> Ticks(Axis axis, double left, double right, double bottom)
    {
        var free = double.NegativeInfinity;
        foreach (var tick in axis.Ticks)
        {
            var x = left + (axis.Place(tick.Value) * (right - left));
            yield return Plot.Line("grid", x, Top, x, bottom);
            var half = ChartSize.TextWidth(tick.Label) / 2;
            if (x - half < free)
                continue;
            free = x + half + Gap;
            yield return Plot.Text("tick middle", x, bottom + TickRow - Gap, tick.Label);
        }
    }

    private static IEnumerable<XElement> Bar(string color, double top, double value, Axis axis, double left,
        double right)
    {
        var width = axis.Place(value) * (right - left);
        yield return Element($"rect.bar.{color}", Attribute("x", left), Attribute("y", top),
            Attribute("width", width), Attribute("height", BarHeight));
        yield return Plot.Text("value", left + width + (Gap / 2), top + BarHeight - 2,
            NumberFormat.Milliseconds(value));
    }

    private static string Describe(List<SymbolStatistics> rows) => string.Join("; ", rows.Select(row =>
        $"{row.Name} mean {NumberFormat.Milliseconds(row.Latency.Mean)}, "
            + $"max {NumberFormat.Milliseconds(row.Latency.Max)}"));
}
