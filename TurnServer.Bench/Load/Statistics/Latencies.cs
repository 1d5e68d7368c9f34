using HdrHistogram;

namespace TurnServer.Bench.Load.Statistics;

/// <summary>Durations, recorded by many threads and read by one.</summary>
/// <remarks>
/// HdrHistogram counts each in a bucket of its own magnitude, to three digits from 100 ns to an hour, without locks or
/// allocation.
/// </remarks>
internal sealed class Latencies
{
    private const int Digits = 3;
    private const double TicksPerMillisecond = TimeSpan.TicksPerMillisecond;

    // In which the distribution is given: enough for a smooth line up to five nines.
    private const int TicksPerHalf = 10;

    private readonly Recorder _recorder = HistogramFactory.With64BitBucketSize().WithValuesUpTo(TimeSpan.TicksPerHour)
        .WithPrecisionOf(Digits).WithThreadSafeWrites().WithThreadSafeReads().Create();

    private readonly LongHistogram _total = new(TimeSpan.TicksPerHour, Digits);
    private HistogramBase? _interval;

    public void Record(TimeSpan duration) =>
        _recorder.RecordValue(Math.Clamp(duration.Ticks, 1, TimeSpan.TicksPerHour));

    /// <summary>What was recorded since the last call; null when nothing was.</summary>
    public SecondLatency? TakeInterval()
    {
        _interval = _recorder.GetIntervalHistogram(_interval);
        if (_interval.TotalCount == 0)
            return null;
        _total.Add(_interval);
        return new SecondLatency(Milliseconds(_interval, 50), Milliseconds(_interval, 99),
            Milliseconds(_interval, 100));
    }

    /// <summary>All that was recorded.</summary>
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
