namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>A point of a chart; NaN as Y is a gap.</summary>
internal readonly record struct ChartPoint(double X, double Y);

/// <summary>One line, or one layer of a stack.</summary>
/// <param name="Name">The name in the legend.</param>
/// <param name="Color">A class of the style sheet, <c>c1</c> to <c>c8</c>.</param>
/// <param name="Points">By rising X.</param>
internal sealed record Series(string Name, string Color, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>Drawn thicker than the others.</summary>
    public bool IsMain { get; init; }
}

/// <summary>The values of all series at one place of a chart, for the tooltip; null where a series has none.</summary>
internal sealed record Reading(double X, string Label, IReadOnlyList<string?> Values);

/// <summary>The contents of a chart, independent of its drawing.</summary>
/// <param name="Title">The title, with a unit where the ticks have none.</param>
/// <param name="Summary">A sentence: the caption, and the text for screen readers.</param>
internal sealed record Chart(string Title, string Summary, Axis X, Axis Y, IReadOnlyList<Series> Series)
{
    /// <summary>One for each place that has a tooltip.</summary>
    public IReadOnlyList<Reading> Readings { get; init; } = [];

    /// <summary>As wide as the page.</summary>
    public bool IsWide { get; init; }

    /// <summary>Whether to draw dots: the points are few, each a measurement.</summary>
    public bool HasDots { get; init; }

    /// <summary>Width of stacked bars in units of X; 0 draws lines.</summary>
    public double BarWidth { get; init; }

    /// <summary>Places marked with a triangle: seconds with errors.</summary>
    public IReadOnlyList<double> Marks { get; init; } = [];

    /// <summary>Title of the X axis, where its ticks do not tell.</summary>
    public string? XTitle { get; init; }

    public bool IsEmpty => !Series.Any(series => series.Points.Any(point => double.IsFinite(point.Y)));
}

/// <summary>A size of drawings. Text does not scale, so each page width has its own drawing.</summary>
/// <param name="Class">The class by which the style sheet shows one of the drawings.</param>
internal sealed record ChartSize(string Class, double Width, double Height)
{
    /// <summary>Both columns of a desktop page.</summary>
    public static readonly ChartSize Wide = new("wide", 1160, 320);

    /// <summary>One column, or a tablet.</summary>
    public static readonly ChartSize Half = new("half", 560, 300);

    /// <summary>A phone.</summary>
    public static readonly ChartSize Narrow = new("narrow", 336, 250);

    private const double CapitalWidth = 8.9;
    private const double LetterWidth = 7.8;
    private const double SpaceWidth = 4.2;

    /// <summary>An upper estimate of the width of a text, as the font depends on the reader.</summary>
    public static double TextWidth(string text) =>
        text.Sum(letter => letter switch
        {
            '_' or '%' => CapitalWidth,
            '.' or '/' => SpaceWidth,
            _ when char.IsUpper(letter) => CapitalWidth,
            _ when char.IsWhiteSpace(letter) => SpaceWidth,
            _ => LetterWidth,
        });
}
