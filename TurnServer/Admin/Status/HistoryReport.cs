namespace TurnServer.Admin.Status;

/// <summary>The past as series of equal length, the oldest value first, null where there is a gap.</summary>
internal sealed class HistoryReport
{
    private readonly HistoryRange _range;
    private readonly TimeSpan _interval;
    private readonly int _intervals;
    private readonly List<(Sample To, Rates Rates)> _points = [];

    internal HistoryReport(IReadOnlyList<Sample> samples, HistoryRange range)
    {
        _range = range;
        (_interval, _intervals) = range == HistoryRange.Minutes
            ? (History.FineInterval, History.FineCount)
            : (History.CoarseInterval, History.CoarseCount);
        for (var i = 1; i < samples.Count; i++)
            _points.Add((samples[i], Rates.Between(samples[i - 1], samples[i])));
    }

    public string Range => JsonWords.Of(_range);

    public double IntervalSeconds => _interval.TotalSeconds;

    public double SpanSeconds => _interval.TotalSeconds * _intervals;

    public decimal?[] SecondsAgo => Series(point => (_points[^1].To.At - point.To.At).TotalSeconds);

    public decimal?[] RequestsPerSecond => Series(point => point.Rates.RequestsPerSecond);

    public decimal?[] TurnsPerSecond => Series(point => point.Rates.TurnsPerSecond);

    public decimal?[] RefusalsPerSecond => Series(point => point.Rates.RefusalsPerSecond);

    public decimal?[] ServedMicroseconds => Series(point => point.Rates.ServedMicroseconds);

    public decimal?[] Games => Series(point => point.To.Actor?.Table.Games);

    public decimal?[] PlayersWaiting => Series(point => point.To.Actor?.Table.PlayersByStatus[0]);

    public decimal?[] HeldReplies => Series(point => point.To.Actor?.HeldReplies);

    public decimal?[] Cores => Series(point => point.Rates.Cores);

    public decimal?[] ActorBusyShare => Series(point => point.Rates.ActorBusyShare);

    public decimal?[] GcPauseShare => Series(point => point.Rates.GcPauseShare);

    public decimal?[] ResidentBytes => Series(point => point.To.Process.ResidentBytes);

    public decimal?[] HeapBytes => Series(point => point.To.Process.HeapBytes);

    private decimal?[] Series(Func<(Sample To, Rates Rates), double?> read) =>
        [.. _points.Select(point => JsonNumbers.Round(read(point)))];
}
