namespace TurnServer.Bench.Load.Report;

/// <summary>What each further player costs: the runs of a ramp against their numbers of players.</summary>
internal sealed class RampCharts
{
    private readonly IReadOnlyList<LoadReport> _runs;
    private readonly Axis _clients;

    public RampCharts(IReadOnlyList<LoadReport> runs)
    {
        _runs = [.. runs.OrderBy(run => run.Settings.Clients)];
        _clients = Axis.At(runs.Select(run => (double)run.Settings.Clients), Figures.Round);
    }

    public IEnumerable<Chart> All()
    {
        yield return Of("Turn latency", "From the moment a turn was due to be sent until its receiver had it.",
            Figures.Milliseconds, Figures.MillisecondsTick,
            Line("p99", "c3", run => Known(run.TurnLatency, run.TurnLatency.P99)),
            Line("median", "c1", run => Known(run.TurnLatency, run.TurnLatency.Median)) with { IsMain = true });
        yield return Of("Requests a second", "Replies received, over the whole of each run.", Figures.Number,
            Figures.Round, Line("requests", "c1", run => run.RequestsPerSecond));
        if (_runs.All(run => run.Server is null))
            yield break;
        yield return Of("Server CPU for each request", "Of the server's process, by the requests answered.",
            Figures.Microseconds, MicrosecondsTick,
            Line("CPU", "c1", run => run.Server?.CpuMicrosecondsPerRequest ?? double.NaN));
        yield return Of("Server memory at its peak", "Resident, of the whole process.", Figures.Megabytes,
            value => $"{Figures.Round(value)}\u00A0MB",
            Line("peak", "c4", run => run.Server?.ResidentMegabytesPeak ?? double.NaN));
    }

    private Chart Of(string title, string summary, Func<double, string> format, Func<double, string> tick,
        params Series[] series)
    {
        var values = series.SelectMany(line => line.Points).Select(point => point.Y).Where(double.IsFinite).ToList();
        // Lines of one kind are compared from 0; only latencies part company enough to need another scale.
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
            $"{Figures.Whole(run.Settings.Clients)} players",
            [.. series.Select(line => double.IsFinite(line.Points[i].Y) ? format(line.Points[i].Y) : null)]))];

    private static double Known(LatencySummary latency, double value) => latency.Count > 0 ? value : double.NaN;

    private static string MicrosecondsTick(double value) => $"{Figures.Round(value)}\u00A0µs";
}
