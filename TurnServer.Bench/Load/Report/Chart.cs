namespace TurnServer.Bench.Load.Report;

/// <summary>A point of a chart; a Y that is not a number is a gap.</summary>
internal readonly record struct ChartPoint(double X, double Y);

/// <summary>One line, or one layer of a stack.</summary>
/// <param name="Name">As the legend has it.</param>
/// <param name="Color">A class of the style sheet, <c>c1</c> to <c>c8</c>.</param>
/// <param name="Points">By rising X.</param>
internal sealed record Series(string Name, string Color, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>Drawn stronger than the others.</summary>
    public bool IsMain { get; init; }
}

/// <summary>What is read at one place of a chart: a value of each series, null where it has none.</summary>
internal sealed record Reading(double X, string Label, IReadOnlyList<string?> Values);

/// <summary>What a chart shows; how is the drawing's business.</summary>
/// <param name="Title">What is drawn, with its unit where the ticks have none.</param>
/// <param name="Summary">What there is to see, in a sentence: the caption, and what a screen reader says.</param>
internal sealed record Chart(string Title, string Summary, Axis X, Axis Y, IReadOnlyList<Series> Series)
{
    /// <summary>One for each place where the pointer finds something to read.</summary>
    public IReadOnlyList<Reading> Readings { get; init; } = [];

    /// <summary>As wide as the page.</summary>
    public bool IsWide { get; init; }

    /// <summary>Dots at the points: few of them, each a measurement of its own.</summary>
    public bool HasDots { get; init; }

    /// <summary>In units of X; 0 for lines, else the series are stacked in bars of this width.</summary>
    public double BarWidth { get; init; }

    /// <summary>Places that ask for attention: seconds with errors.</summary>
    public IReadOnlyList<double> Marks { get; init; } = [];

    /// <summary>Below the X axis, when its ticks do not say it.</summary>
    public string? XTitle { get; init; }

    public bool IsEmpty => !Series.Any(series => series.Points.Any(point => double.IsFinite(point.Y)));
}

/// <summary>A size that charts are drawn in. Text keeps its size, so each width of the page has a drawing of its
/// own.</summary>
/// <param name="Class">The style sheet shows one of them.</param>
internal sealed record ChartSize(string Class, double Width, double Height)
{
    /// <summary>Both columns of a desk's screen.</summary>
    public static readonly ChartSize Wide = new("wide", 1160, 320);

    /// <summary>One of the columns, or a tablet.</summary>
    public static readonly ChartSize Half = new("half", 560, 300);

    /// <summary>A phone.</summary>
    public static readonly ChartSize Narrow = new("narrow", 336, 250);

    private const double CapitalWidth = 8.9;
    private const double LetterWidth = 7.8;
    private const double SpaceWidth = 4.2;

    /// <summary>About how wide a text is; rather too much than too little, for the font is the reader's.</summary>
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
