using HdrHistogram;

namespace TurnServer.Bench.Load.Statistics;

/// <summary>A histogram of durations from 100 ns to an hour; written by many threads, read by one.</summary>
internal sealed class Latencies
{
    private const int Digits = 3;
    private const double TicksPerMillisecond = TimeSpan.TicksPerMillisecond;

    // Points of the distribution for each halving of the distance to 100 %: a smooth line up to five nines.
    private const int TicksPerHalf = 10;

    private readonly Recorder _recorder = HistogramFactory.With64BitBucketSize().WithValuesUpTo(TimeSpan.TicksPerHour)
        .WithPrecisionOf(Digits).WithThreadSafeWrites().WithThreadSafeReads().Create();

    private readonly LongHistogram _total = new(TimeSpan.TicksPerHour, Digits);
    private HistogramBase? _interval;

    public void Record(TimeSpan duration) =>
        _recorder.RecordValue(Math.Clamp(duration.Ticks, 1, TimeSpan.TicksPerHour));

    /// <summary>Latencies recorded since the last call; null: none.</summary>
    public SecondLatency? TakeInterval()
    {
        _interval = _recorder.GetIntervalHistogram(_interval);
        if (_interval.TotalCount == 0)
            return null;
        _total.Add(_interval);
        return new SecondLatency(Milliseconds(_interval, 50), Milliseconds(_interval, 99),
            Milliseconds(_interval, 100));
    }

    /// <summary>The distribution of all recorded latencies.</summary>
    public LatencySummary Summarize()
    {
        TakeInterval();
        if (_total.TotalCount == 0)
            return new LatencySummary(0, 0, 0, 0, 0, 0, 0) { Distribution = [] };
        var points = _total.Percentiles(TicksPerHalf)
            .Select(step => new PercentilePoint(step.Percentile, step.ValueIteratedTo / TicksPerMillisecond));
        return new LatencySummary(_total.TotalCount, _total.GetMean() / TicksPerMillisecond, Milliseconds(_total, 50),
            Milliseconds(_total, 90), Milliseconds(_total, 99), Milliseconds(_total, 99.9), Milliseconds(_total, 100))
        {
            Distribution = [.. points],
        };
    }

    private static double Milliseconds(HistogramBase values, double percentile) =>
        values.GetValueAtPercentile(percentile) / TicksPerMillisecond;
}
