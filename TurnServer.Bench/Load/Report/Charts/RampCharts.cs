namespace TurnServer.Bench.Load.Report.Charts;

/// <summary>The charts of a ramp: cost against the number of players.</summary>
internal sealed class RampCharts
{
    private readonly IReadOnlyList<LoadReport> _runs;
    private readonly Axis _clients;

    public RampCharts(IReadOnlyList<LoadReport> runs)
    {
        _runs = [.. runs.OrderBy(run => run.Settings.Clients)];
        _clients = Axis.At(runs.Select(run => (double)run.Settings.Clients), NumberFormat.Round);
    }

    public IEnumerable<Chart> All()
    {
        yield return Of("Turn latency", "From the moment a turn was due to be sent until its receiver had it.",
            NumberFormat.Milliseconds, NumberFormat.MillisecondsTick,
            Line("p99", "c3", run => Known(run.TurnLatency, run.TurnLatency.P99)),
            Line("p50", "c1", run => Known(run.TurnLatency, run.TurnLatency.Median)) with { IsMain = true });
        yield return Of("Requests a second", "Replies received, over the whole of each run.", NumberFormat.Number,
            NumberFormat.Round, Line("requests", "c1", run => run.RequestsPerSecond));
        if (_runs.All(run => run.Server is null))
            yield break;
        yield return Of("Server CPU per request", "CPU time of the server's process by requests answered.",
            NumberFormat.Microseconds, MicrosecondsTick,
            Line("CPU", "c1", run => run.Server?.CpuMicrosecondsPerRequest ?? double.NaN));
        yield return Of("Peak server memory", "Peak RSS of the server's process.", NumberFormat.Megabytes,
            value => $"{NumberFormat.Round(value)}\u00A0MB",
            Line("peak", "c4", run => run.Server?.ResidentMegabytesPeak ?? double.NaN));
    }

    private Chart Of(string title, string summary, Func<double, string> format, Func<double, string> tick,
        params Series[] series)
    {
        var values = series.SelectMany(line => line.Points).Select(point => point.Y).Where(double.IsFinite).ToList();
        // Single lines start at 0; latencies may differ so much that they need a logarithmic axis.
        var axis = series.Length > 1
            ? Axis.Fitting(values, tick)
            : Axis.Linear(values.DefaultIfEmpty(0).Max(), tick);
        return new Chart(title, summary, _clients, axis, series)
        {
            HasDots = true,
            XTitle = "players",
            Readings = Readings(series, format),
        };
    }

    private Series Line(string name, string color, Func<LoadReport, double> value) =>
        new(name, color, [.. _runs.Select(run => new ChartPoint(run.Settings.Clients, value(run)))]);

    private IReadOnlyList<Reading> Readings(Series[] series, Func<double, string> format) =>
        [.. _runs.Select((run, i) => new Reading(run.Settings.Clients,
            $"{NumberFormat.Whole(run.Settings.Clients)} players",
            [.. series.Select(line => double.IsFinite(line.Points[i].Y) ? format(line.Points[i].Y) : null)]))];

    private static double Known(LatencySummary latency, double value) => latency.Count > 0 ? value : double.NaN;

    private static string MicrosecondsTick(double value) => $"{NumberFormat.Round(value)}\u00A0µs";
}
