using System.Globalization;

namespace TurnServer.Bench.Load.Report;

/// <summary>Formats numbers for the page, independent of the machine's language and never as NaN.</summary>
internal static class NumberFormat
{
    /// <summary>Stands for an unknown number, such as a mean of nothing.</summary>
    public const string Unknown = "–";

    private const double MillisecondsPerSecond = 1000;

    private static readonly NumberFormatInfo Format = Grouped();

    /// <summary>Three significant digits, or all digits before the point.</summary>
    public static string Number(double value) => Fixed(value, Math.Abs(value) switch
    {
        >= 100 => 0,
        >= 10 => 1,
        >= 0.1 => 2,
        >= 0.01 => 3,
        0 => 0,
        _ => 4,
    });

    /// <summary>A fixed number of decimals, to align in a column.</summary>
    public static string Fixed(double value, int decimals) =>
        double.IsFinite(value) ? value.ToString("N" + decimals.ToString(Format), Format) : Unknown;

    /// <summary>All its digits, up to six decimals: for round numbers.</summary>
    public static string Round(double value) =>
        double.IsFinite(value) ? value.ToString("#,0.######", Format) : Unknown;

    public static string Whole(long value) => value.ToString("N0", Format);

    public static string Milliseconds(double value) => WithUnit(value, "ms", Number);

    /// <summary>A round number of milliseconds, in seconds where that is shorter.</summary>
    public static string MillisecondsTick(double value) => value >= MillisecondsPerSecond
        ? WithUnit(value / MillisecondsPerSecond, "s", Round)
        : WithUnit(value, "ms", Round);

    public static string Microseconds(double value) => WithUnit(value, "µs", Number);

    public static string Megabytes(double value) => WithUnit(value, "MB", Number);

    /// <summary>A share of one, 0.5 as 50 %.</summary>
    public static string Percent(double share) => WithUnit(share * 100, "%", value => value >= 100
        ? Fixed(value, 0)
        : value.ToString("0.##", Format));

    /// <summary>A duration in its largest units.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalMinutes: < 2 } => WithUnit(span.TotalSeconds, "s", value => value.ToString("0.#", Format)),
        { TotalHours: < 2, Seconds: 0 } => WithUnit(span.TotalMinutes, "min", value => value.ToString("0", Format)),
        { TotalHours: < 2 } => string.Create(Format, $"{(int)span.TotalMinutes} min {span.Seconds} s"),
        _ => string.Create(Format, $"{(int)span.TotalHours} h {span.Minutes} min"),
    };

    // A no-break space keeps number and unit together.
    private static string WithUnit(double value, string unit, Func<double, string> format) =>
        double.IsFinite(value) ? $"{format(value)}\u00A0{unit}" : Unknown;

    private static NumberFormatInfo Grouped()
    {
        var format = (NumberFormatInfo)NumberFormatInfo.InvariantInfo.Clone();
        format.NumberGroupSeparator = "\u202F";
        return format;
    }
}
