using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Load;

/// <summary>The report of a load test for a terminal.</summary>
internal static class ReportText
{
    private const int LabelWidth = 26;

    /// <summary>One test.</summary>
    public static string Compose(LoadReport report, int seed)
    {
        var text = new StringBuilder();
        AppendSettings(text, report, seed);
        AppendTotals(text, report);
        AppendLatencies(text, report);
        AppendCodes(text, report);
        AppendCost(text, report);
        AppendVerdict(text, report);
        return text.ToString();
    }

    /// <summary>A ramp, one line for each step.</summary>
    public static string Compose(IReadOnlyList<LoadReport> steps)
    {
        var text = new StringBuilder();
        Line(text, $"{"players",8}{"requests/s",12}{"turns/s",10}{"turn p50 ms",14}{"turn p99 ms",14}"
            + $"{"server µs/request",19}{"own µs/request",16}{"violations",12}");
        foreach (var step in steps)
        {
            Line(text, string.Create(CultureInfo.InvariantCulture, $"{step.Settings.Clients,8}"
                + $"{step.RequestsPerSecond,12:0}{step.TurnsPerSecond,10:0}{step.TurnLatency.Median,14:0.00}"
                + $"{step.TurnLatency.P99,14:0.00}{step.Server?.CpuMicrosecondsPerRequest,19:0.0}"
                + $"{step.OwnCpuSeconds * 1e6 / Math.Max(step.Requests, 1),16:0.0}{step.ViolationCount,12}"));
        }

        return text.ToString();
    }

    private static void AppendSettings(StringBuilder text, LoadReport report, int seed)
    {
        var settings = report.Settings;
        text.Append(CultureInfo.InvariantCulture,
            $"{settings.Url}: {settings.Clients} players, {settings.Rate} turns/s each");
        text.Append(", for ").Append(Seconds(settings.Duration)).Append(settings.Wait ? ", replies held" : "")
            .Append(settings.WebSocket ? ", over WebSockets" : "");
        if (settings.Pools > 0)
            text.Append(CultureInfo.InvariantCulture, $", in {settings.Pools} pool{(settings.Pools == 1 ? "" : "s")}");
        if (settings.Loss > 0)
            text.Append(CultureInfo.InvariantCulture, $", {settings.Loss:0.##%} of replies dropped");
        if (settings.ComeBack > 0)
            text.Append(CultureInfo.InvariantCulture, $", a crash after {settings.ComeBack:0.##%} of turns");
        Line(text, $" (seed {seed})");
        text.AppendLine();
    }

    private static void AppendTotals(StringBuilder text, LoadReport report)
    {
        Line(text, $"{"",-LabelWidth}{"total",12}{"per second",12}");
        Row("requests", report.Requests, report.RequestsPerSecond);
        Row("turns received", report.TurnsReceived, report.TurnsPerSecond);
        Row("turns sent", report.TurnsSent, null);
        Row("games", report.GamesPlayed, null);
        Row("replies dropped", report.RepliesDropped, null);
        Row("requests lost", report.RequestsLost, null);
        if (report.Settings.ComeBack > 0)
            Row("crashes, came back", report.ComeBacks, null);
        if (report.Settings.Pools > 0)
            Row("wrong partners", report.WrongPartners, null);
        Row("players with errors", report.PlayersWithErrors, null);
        if (report.FirstError is { } error)
            Line(text, $"{"",-LabelWidth}such as: {error}");
        text.AppendLine();

        void Row(string label, long total, double? perSecond) =>
            Line(text, $"{label,-LabelWidth}{total,12}{perSecond,12:0.0}");
    }

    private static void AppendLatencies(StringBuilder text, LoadReport report)
    {
        Line(text, $"{"milliseconds",-LabelWidth}{"count",12}{"p50",9}{"p90",9}{"p99",9}{"p99.9",9}{"max",9}"
            + $"{"held",10}");
        Row("turn, due to received", report.TurnLatency, 0);
        foreach (var symbol in report.Symbols)
            Row($"{symbol.Symbol} {symbol.Name}", symbol.Latency, symbol.Held);
        if (report.ServerCompute is { } compute)
            Row("inside the server", compute, 0);
        text.AppendLine();

        void Row(string label, LatencySummary latency, long held)
        {
            Line(text, $"{label,-LabelWidth}{latency.Count,12}{Milliseconds(latency.Median)}{Milliseconds(latency.P90)}"
                + $"{Milliseconds(latency.P99)}{Milliseconds(latency.P999)}{Milliseconds(latency.Max)}"
                + (held > 0 ? $"{held,10}" : ""));
        }
    }

    private static void AppendCodes(StringBuilder text, LoadReport report)
    {
        Line(text, $"{"reply",-LabelWidth}{"count",12}");
        foreach (var code in report.Codes)
            Line(text, $"{code.Code + " " + code.Name,-LabelWidth}{code.Count,12}{(code.IsError ? "  error" : "")}");
        text.AppendLine();
    }

    private static void AppendCost(StringBuilder text, LoadReport report)
    {
        Line(text, $"{"CPU",-LabelWidth}{"seconds",12}{"cores",9}{"µs/request",12}   memory");
        if (report.Server is { } server)
        {
            Row($"server (process {server.ProcessId})", server.CpuSeconds,
                string.Create(CultureInfo.InvariantCulture, $"   RSS {server.ResidentMegabytesAtStart:0} MB at start, "
                    + $"{server.ResidentMegabytesAtEnd:0} at end, {server.ResidentMegabytesPeak:0} peak"));
        }

        Row("this program", report.OwnCpuSeconds, "");
        text.AppendLine();

        void Row(string label, double seconds, string memory) =>
            Line(text, $"{label,-LabelWidth}{seconds,12:0.0}{seconds / report.Elapsed.TotalSeconds,9:0.00}"
                + $"{seconds * 1e6 / Math.Max(report.Requests, 1),12:0.0}{memory}");
    }

    private static void AppendVerdict(StringBuilder text, LoadReport report)
    {
        if (report.ViolationCount == 0)
        {
            Line(text, report.TurnsSent == 0 ? "No turn was sent."
                : $"All {report.TurnsReceived} turns that the server accepted arrived once and in order."
                    + (report.Settings.Pools > 0 ? " All partners were of the same pool." : ""));
            return;
        }

        string?[] kinds =
        [
            report.WrongTurns > 0 ? $"{report.WrongTurns} turns did not arrive once and in order" : null,
            report.WrongPartners > 0 ? $"{report.WrongPartners} players got wrong partners" : null,
        ];
        Line(text, $"VIOLATED: {string.Join("; ", kinds.Where(kind => kind is not null))}:");
        foreach (var violation in report.Violations)
            Line(text, $"  {violation}");
        if (report.ViolationCount > report.Violations.Count)
            Line(text, $"  and {report.ViolationCount - report.Violations.Count} more");
    }

    private static string Milliseconds(double value) =>
        value.ToString(value switch { < 0.1 => "0.000", < 100 => "0.00", _ => "0" }, CultureInfo.InvariantCulture)
            .PadLeft(9);

    private static string Seconds(TimeSpan duration) =>
        string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.###} s");

    private static void Line(StringBuilder text, string line) => text.AppendLine(line.TrimEnd());
}
