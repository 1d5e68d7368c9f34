namespace TurnServer.Bench.Load.Report;

/// <summary>The charts of one test that run over its seconds.</summary>
internal sealed class TimeCharts
{
    private const string ErrorColor = "c2";
    private const string OtherColor = "c8";

    // More layers than these cannot be told apart; red is for errors.
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
            Line("median", "c1", bucket => bucket.Max(second => second.TurnLatency?.Median)) with { IsMain = true },
        ];
        var latency = _report.TurnLatency;
        var summary = latency.Count == 0
            ? "No turn was received."
            : $"Half of the turns took at most {Figures.Milliseconds(latency.Median)}, 99 of 100 at most "
                + $"{Figures.Milliseconds(latency.P99)}, the slowest {Figures.Milliseconds(latency.Max)}."
                + Coarseness();
        var axis = Axis.Fitting(Values(series), Figures.MillisecondsTick);
        return new Chart("Turn latency over time", summary, _time, axis, series)
        {
            IsWide = true,
            Readings = Readings(series, Figures.Milliseconds),
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
            : $"{Figures.Whole(_report.Codes.Sum(code => code.Count))} replies, "
                + $"{Figures.Number(_report.RequestsPerSecond)} a second over the whole test. {ErrorSentence(errors)}";
        var axis = Axis.Linear(highest, Figures.Round);
        return new Chart("Replies a second, by code", summary.TrimEnd(), _time, axis, layers)
        {
            IsWide = true,
            BarWidth = _buckets.Count == 0 ? 1 : _buckets[0].Length,
            Marks = marks,
            Readings = Readings(layers, Count),
        };
    }

    /// <summary>Null when nothing is known of the server.</summary>
    public Chart? ServerCpu()
    {
        List<Series> series = [Line("CPU", "c1", bucket => bucket.Max(second => second.ServerCpuShare))];
        if (Values(series).All(double.IsNaN))
            return null;
        var summary = _report.Server is { } server
            ? $"{Figures.Number(server.CpuSeconds)}\u00A0s of CPU, "
                + $"{Figures.Microseconds(server.CpuMicrosecondsPerRequest)} for each request. 100\u00A0% is one core."
            : "100\u00A0% is one core.";
        return new Chart("Server CPU over time", summary, _time, Axis.Linear(Highest(series), Figures.Percent), series)
        {
            Readings = Readings(series, Figures.Percent),
        };
    }

    /// <summary>Null when nothing is known of the server.</summary>
    public Chart? ServerMemory()
    {
        List<Series> series =
            [Line("resident", "c4", bucket => bucket.Max(second => second.ServerResidentMegabytes))];
        if (Values(series).All(double.IsNaN))
            return null;
        var summary = _report.Server is { } server
            ? $"From {Figures.Megabytes(server.ResidentMegabytesAtStart)} to "
                + $"{Figures.Megabytes(server.ResidentMegabytesAtEnd)}, at most "
                + $"{Figures.Megabytes(server.ResidentMegabytesPeak)}."
            : "Resident memory of the server's process.";
        var axis = Axis.Linear(Highest(series), value => $"{Figures.Round(value)}\u00A0MB");
        return new Chart("Server memory over time", summary, _time, axis, series)
        {
            Readings = Readings(series, Figures.Megabytes),
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

    // Of one second they are whole; of several, a mean.
    private static string Count(double replies) =>
        replies % 1 == 0 ? Figures.Whole((long)replies) : Figures.Number(replies);

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
        ? $" Each point stands for {_buckets[0].Length} seconds and shows the worst of them."
        : "";

    private static string ErrorSentence(List<CodeCount> errors) => errors.Sum(code => code.Count) switch
    {
        0 => "",
        1 => "One of them was an error.",
        var count => $"{Figures.Whole(count)} of them were errors.",
    };
}
