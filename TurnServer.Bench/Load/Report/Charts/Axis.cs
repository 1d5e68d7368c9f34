namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>A labelled value of an axis.</summary>
internal readonly record struct Tick(double Value, string Label);

/// <summary>Maps values to places along one side of a chart, and labels them.</summary>
internal sealed class Axis
{
    // Above this ratio small values on a linear axis cannot be told from 0.
    private const double WideRange = 20;

    private const int LinearSteps = 5;

    private static readonly int[] RisingDigits = [1, 2, 5, 10];
    private static readonly int[] FallingDigits = [10, 5, 2, 1];

    private static readonly double[] TimeSteps =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000, 86_400];

    private static readonly double[] Percentiles = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999];

    private readonly Func<double, double> _scale;

    private Axis(double from, double to, Func<double, double> scale, IReadOnlyList<Tick> ticks)
    {
        From = from;
        To = to;
        Ticks = ticks;
        _scale = scale;
    }

    public double From { get; }

    public double To { get; }

    public IReadOnlyList<Tick> Ticks { get; }

    /// <summary>0 at the start of the axis to 1 at its end; values beyond are clamped.</summary>
    public double Place(double value)
    {
        var (start, end) = (_scale(From), _scale(To));
        var place = (_scale(value) - start) / (end - start);
        return double.IsNaN(place) ? 0 : Math.Clamp(place, 0, 1);
    }

    /// <summary>From 0 to a round number not below the maximum.</summary>
    public static Axis Linear(double max, Func<double, string> label)
    {
        if (!double.IsFinite(max) || max <= 0)
            max = 1;
        var step = RoundUp(max / LinearSteps);
        var steps = (int)Math.Ceiling(Math.Round(max / step, 9));
        var ticks = Enumerable.Range(0, steps + 1).Select(i => i * step).Select(value => new Tick(value, label(value)));
        return new Axis(0, steps * step, value => value, [.. ticks]);
    }

    /// <summary>Logarithmic between round numbers, both above 0. Over more decades than
    /// <paramref name="decadesWithSteps"/> only powers of ten are labelled.</summary>
    public static Axis Logarithmic(double min, double max, Func<double, string> label, double decadesWithSteps = 3.2)
    {
        var from = RoundDown(min);
        var to = RoundUp(max);
        if (to <= from)
            to = RoundUp(from * 2);
        var withSteps = Math.Log10(to / from) <= decadesWithSteps;
        var ticks = RoundNumbers(from, to).Where(value => withSteps || IsPowerOfTen(value))
            .Select(value => new Tick(value, label(value)));
        return new Axis(from, to, Math.Log10, [.. ticks]);
    }

    /// <summary>Linear from 0, or logarithmic when the smallest values could not be told from 0.</summary>
    public static Axis Fitting(IEnumerable<double> values, Func<double, string> label)
    {
        var drawn = values.Where(value => double.IsFinite(value) && value > 0).ToList();
        if (drawn.Count == 0)
            return Linear(1, label);
        var (min, max) = (drawn.Min(), drawn.Max());
        return max / min > WideRange ? Logarithmic(min, max, label) : Linear(max, label);
    }

    /// <summary>From 0 to this number of seconds, which need not be round.</summary>
    public static Axis Time(double seconds)
    {
        var step = Array.Find(TimeSteps, step => seconds / step <= 12);
        if (step == 0)
            step = RoundUp(seconds / 12);
        var ticks = Enumerable.Range(0, (int)(seconds / step) + 1).Select(i => i * step)
            .Select(value => new Tick(value, TimeLabel(value, step)));
        return new Axis(0, seconds, value => value, [.. ticks]);
    }

    /// <summary>From 0 to a percentile below 100, spaced by 1/(1−p): every further nine takes the same space.</summary>
    public static Axis Percentile(double max)
    {
        var ticks = Percentiles.Where(value => value <= max)
            .Select(value => new Tick(value, $"{NumberFormat.Round(value)}\u00A0%"));
        return new Axis(0, max, value => -Math.Log10(1 - (value / 100)), [.. ticks]);
    }

    /// <summary>Labelled at the values themselves; logarithmic when their range is wide.</summary>
    public static Axis At(IEnumerable<double> values, Func<double, string> label)
    {
        var ticks = values.Distinct().Order().Select(value => new Tick(value, label(value))).ToList();
        var (min, max) = (ticks[0].Value, ticks[^1].Value);
        return min > 0 && max / min > WideRange / 2
            ? new Axis(min, max, Math.Log10, ticks)
            : new Axis(0, Math.Max(max, 1), value => value, ticks);
    }

    /// <summary>The smallest of 1, 2, 5, 10, … not below a value, which must be above 0.</summary>
    public static double RoundUp(double value)
    {
        var power = PowerBelow(value);
        return RisingDigits.Select(digit => Times(digit, power)).First(round => round >= value * (1 - 1e-9));
    }

    private static double RoundDown(double value)
    {
        var power = PowerBelow(value);
        return FallingDigits.Select(digit => Times(digit, power)).First(round => round <= value * (1 + 1e-9));
    }

    private static IEnumerable<double> RoundNumbers(double from, double to)
    {
        for (var round = from; round <= to * (1 + 1e-9); round = RoundUp(round * 1.5))
            yield return round;
    }

    private static int PowerBelow(double value) => (int)Math.Floor(Math.Log10(value) + 1e-9);

    // Dividing is exact where multiplying by 10^-n is not: 0.3, not 0.30000000000000004.
    private static double Times(int digit, int power) =>
        power < 0 ? digit / Math.Pow(10, -power) : digit * Math.Pow(10, power);

    private static bool IsPowerOfTen(double value) => RoundUp(value) / RoundDown(value) < 1.5
        && Math.Abs(Math.Log10(value) - Math.Round(Math.Log10(value))) < 1e-6;

    private static string TimeLabel(double seconds, double step) => step switch
    {
        < 60 when seconds < 60 || step < 30 => $"{NumberFormat.Round(seconds)}\u00A0s",
        < 3600 => $"{NumberFormat.Round(seconds / 60)}\u00A0min",
        _ => $"{NumberFormat.Round(seconds / 3600)}\u00A0h",
    };
}
