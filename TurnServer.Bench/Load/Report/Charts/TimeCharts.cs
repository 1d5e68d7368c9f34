namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>The charts of one test over time.</summary>
internal sealed class TimeCharts
{
    private const string ErrorColor = "c2";
    private const string OtherColor = "c8";

    // More layers cannot be told apart; c2, red, is for errors.
    private static readonly string[] LayerColors = ["c1", "c6", "c4", "c3", "c5", "c7"];

    private readonly LoadReport _report;
    private readonly IReadOnlyList<SecondBucket> _buckets;
    private readonly Axis _time;

    public TimeCharts(LoadReport report)
    {
        _report = report;
        _buckets = SecondBucket.Split(report.Seconds);
        _time = Axis.Time(_buckets.Count == 0 ? 1 : _buckets[^1].Seconds.Max(second => second.Second) + 1);
    }

    public Chart TurnLatency()
    {
        List<Series> series =
        [
            Line("max", "c2", bucket => bucket.Max(second => second.TurnLatency?.Max)),
            Line("p99", "c3", bucket => bucket.Max(second => second.TurnLatency?.P99)),
            Line("p50", "c1", bucket => bucket.Max(second => second.TurnLatency?.Median)) with { IsMain = true },
        ];
        var latency = _report.TurnLatency;
        var summary = latency.Count == 0
            ? "No turn was received."
            : $"p50 {NumberFormat.Milliseconds(latency.Median)}, p99 {NumberFormat.Milliseconds(latency.P99)}, maximum "
                + $"{NumberFormat.Milliseconds(latency.Max)}."
                + Coarseness();
        var axis = Axis.Fitting(Values(series), NumberFormat.MillisecondsTick);
        return new Chart("Turn latency over time", summary, _time, axis, series)
        {
            IsWide = true,
            Readings = Readings(series, NumberFormat.Milliseconds),
        };
    }

    public Chart Replies()
    {
        var layers = Layers();
        var errors = _report.Codes.Where(code => code.IsError).ToList();
        var marks = _buckets.Where(bucket => PerSecond(bucket, errors) > 0).Select(bucket => bucket.Middle).ToList();
        var highest = _buckets.Select((_, i) => layers.Sum(layer => layer.Points[i].Y)).DefaultIfEmpty(0).Max();
        var summary = _report.Codes.Count == 0
            ? "No reply was received."
            : $"{NumberFormat.Whole(_report.Codes.Sum(code => code.Count))} replies, "
                + $"{NumberFormat.Number(_report.RequestsPerSecond)} a second over the whole test. "
                + ErrorSentence(errors);
        var axis = Axis.Linear(highest, NumberFormat.Round);
        return new Chart("Replies a second, by code", summary.TrimEnd(), _time, axis, layers)
        {
            IsWide = true,
            BarWidth = _buckets.Count == 0 ? 1 : _buckets[0].Length,
            Marks = marks,
            Readings = Readings(layers, Count),
        };
    }

    /// <summary>Null when the server's process is not known.</summary>
    public Chart? ServerCpu()
    {
        List<Series> series = [Line("CPU", "c1", bucket => bucket.Max(second => second.ServerCpuShare))];
        if (Values(series).All(double.IsNaN))
            return null;
        var summary = _report.Server is { } server
            ? $"{NumberFormat.Number(server.CpuSeconds)}\u00A0s of CPU, "
                + $"{NumberFormat.Microseconds(server.CpuMicrosecondsPerRequest)} per request. 100\u00A0% is one core."
            : "100\u00A0% is one core.";
        var axis = Axis.Linear(Highest(series), NumberFormat.Percent);
        return new Chart("Server CPU over time", summary, _time, axis, series)
        {
            Readings = Readings(series, NumberFormat.Percent),
        };
    }

    /// <summary>Null when the server's process is not known.</summary>
    public Chart? ServerMemory()
    {
        List<Series> series =
            [Line("resident", "c4", bucket => bucket.Max(second => second.ServerResidentMegabytes))];
        if (Values(series).All(double.IsNaN))
            return null;
        var summary = _report.Server is { } server
            ? $"From {NumberFormat.Megabytes(server.ResidentMegabytesAtStart)} to "
                + $"{NumberFormat.Megabytes(server.ResidentMegabytesAtEnd)}, peak "
                + $"{NumberFormat.Megabytes(server.ResidentMegabytesPeak)}."
            : "RSS of the server's process.";
        var axis = Axis.Linear(Highest(series), value => $"{NumberFormat.Round(value)}\u00A0MB");
        return new Chart("Server memory over time", summary, _time, axis, series)
        {
            Readings = Readings(series, NumberFormat.Megabytes),
        };
    }

    // The most frequent at the bottom, errors at the top.
    private List<Series> Layers()
    {
        var expected = _report.Codes.Where(code => !code.IsError).ToList();
        var layers = expected.Take(LayerColors.Length).Select((code, i) => Layer(Label(code), LayerColors[i], [code]))
            .ToList();
        var others = expected.Skip(LayerColors.Length).ToList();
        if (others.Count > 0)
            layers.Add(Layer(others.Count == 1 ? Label(others[0]) : "others", OtherColor, others));
        var errors = _report.Codes.Where(code => code.IsError).ToList();
        if (errors.Count > 0)
            layers.Add(Layer(errors.Count == 1 ? Label(errors[0]) : "errors", ErrorColor, errors));
        return layers;
    }

    private Series Layer(string name, string color, List<CodeCount> codes) =>
        Line(name, color, bucket => PerSecond(bucket, codes));

    private static string Label(CodeCount code) => code.Code == code.Name ? code.Code : $"{code.Code} {code.Name}";

    private Series Line(string name, string color, Func<SecondBucket, double> value) => new(name, color,
        [.. _buckets.Select(bucket => new ChartPoint(bucket.Middle, value(bucket)))]);

    // Whole in one second; over several seconds a mean.
    private static string Count(double replies) =>
        replies % 1 == 0 ? NumberFormat.Whole((long)replies) : NumberFormat.Number(replies);

    private static double PerSecond(SecondBucket bucket, List<CodeCount> codes) =>
        bucket.Seconds.Average(second => (double)codes.Sum(code => second.Codes.GetValueOrDefault(code.Code)));

    private static IEnumerable<double> Values(IEnumerable<Series> series) =>
        series.SelectMany(each => each.Points).Select(point => point.Y);

    private static double Highest(IEnumerable<Series> series) =>
        Values(series).Where(double.IsFinite).DefaultIfEmpty(0).Max();

    private IReadOnlyList<Reading> Readings(List<Series> series, Func<double, string> format) =>
        [.. _buckets.Select((bucket, i) => new Reading(bucket.Middle, bucket.Label,
            [.. series.Select(each => double.IsFinite(each.Points[i].Y) ? format(each.Points[i].Y) : null)]))];

    private string Coarseness() => _buckets.Count > 0 && _buckets[0].Length > 1
        ? $" Each point is the worst of {_buckets[0].Length} seconds."
        : "";

    private static string ErrorSentence(List<CodeCount> errors) => errors.Sum(code => code.Count) switch
    {
        0 => "",
        1 => "One of them was an error.",
        var count => $"{NumberFormat.Whole(count)} of them were errors.",
    };
}

/// <summary>Seconds of a test that are drawn as one point.</summary>
/// <param name="Start">The first second.</param>
/// <param name="Length">Number of seconds; the last bucket may have fewer.</param>
/// <param name="Seconds">The seconds.</param>
internal sealed record SecondBucket(int Start, int Length, IReadOnlyList<LoadSecond> Seconds)
{
    /// <summary>More points would be less than two pixels apart.</summary>
    public const int PointsMax = 500;

    public double Middle => Start + (Length / 2.0);

    public string Label => Length == 1 ? $"second {NumberFormat.Whole(Start)}"
        : $"seconds {NumberFormat.Whole(Start)} to {NumberFormat.Whole(Start + Length - 1)}";

    /// <summary>The maximum, as spikes matter; NaN when there is no value.</summary>
    public double Max(Func<LoadSecond, double?> value) =>
        Seconds.Select(value).Where(known => known is not null).Max() ?? double.NaN;

    /// <summary>Splits the seconds into at most <see cref="PointsMax"/> buckets.</summary>
    public static IReadOnlyList<SecondBucket> Split(IReadOnlyList<LoadSecond> seconds)
    {
        if (seconds.Count == 0)
            return [];
        var length = (seconds.Max(second => second.Second) / PointsMax) + 1;
        return [.. seconds.GroupBy(second => second.Second / length).OrderBy(bucket => bucket.Key)
            .Select(bucket => new SecondBucket(bucket.Key * length, length, [.. bucket]))];
    }
}
