using System.Globalization;
using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report;

/// <summary>The numbers behind the charts.</summary>
internal static class Tables
{
    private const int MillisecondDigits = 2;

    /// <summary>All tables of one test.</summary>
    public static XElement Draw(LoadReport report) => Element("div.tables", Symbols(report), Codes(report),
        Totals(report), Server(report));

    /// <summary>One row for each run of a ramp.</summary>
    public static XElement Runs(IReadOnlyList<LoadReport> runs) => Table("The runs", null,
        ["players", "requests/s", "turns/s", "p50 ms", "p99 ms", "max ms", "CPU µs", "peak MB", "with errors",
            "violations"],
        runs.OrderBy(run => run.Settings.Clients).Select(run => Element("tr",
            Head(NumberFormat.Whole(run.Settings.Clients)),
            Number(NumberFormat.Fixed(run.RequestsPerSecond, 0)), Number(NumberFormat.Fixed(run.TurnsPerSecond, 0)),
            Number(Milliseconds(run.TurnLatency, run.TurnLatency.Median)),
            Number(Milliseconds(run.TurnLatency, run.TurnLatency.P99)),
            Number(Milliseconds(run.TurnLatency, run.TurnLatency.Max)),
            Number(NumberFormat.Fixed(run.Server?.CpuMicrosecondsPerRequest ?? double.NaN, 1)),
            Number(NumberFormat.Fixed(run.Server?.ResidentMegabytesPeak ?? double.NaN, 1)),
            Count(run.PlayersWithErrors), Count(run.ViolationCount))), "section.card.spread");

    private static XElement Symbols(LoadReport report) => Table("Requests by symbol",
        "Milliseconds from the moment a request was due until its reply. Held replies are counted separately, as they "
        + "wait for the partner. Turns: from the moment one was due to be sent until its receiver had it.",
        ["symbol", "count", "mean", "p50", "p90", "p99", "p99.9", "max", "held"],
        report.Symbols.OrderBy(row => row.Symbol).Select(row => Element("tr",
            Head(string.Create(CultureInfo.InvariantCulture, $"{row.Symbol} {row.Name}")),
            Number(NumberFormat.Whole(row.Latency.Count)), Latencies(row.Latency),
            Number(NumberFormat.Whole(row.Held))))
            .Append(Element("tr.total", Head("turns"), Number(NumberFormat.Whole(report.TurnLatency.Count)),
                Latencies(report.TurnLatency), Number(""))), "section.card.spread");

    private static IEnumerable<XElement> Latencies(LatencySummary latency) =>
        new[] { latency.Mean, latency.Median, latency.P90, latency.P99, latency.P999, latency.Max }
            .Select(value => Number(Milliseconds(latency, value)));

    private static XElement? Codes(LoadReport report)
    {
        if (report.Codes.Count == 0)
            return null;
        var all = report.Codes.Sum(code => code.Count);
        return Table("Replies by code", null, ["code", "name", "count", "share %"], report.Codes.Select(code =>
            Element(code.IsError ? "tr.bad" : "tr", Head(code.Code), Element("td.word", code.Name,
                code.IsError ? Element("span.badge", "error") : null), Number(NumberFormat.Whole(code.Count)),
                Number(NumberFormat.Fixed(100.0 * code.Count / all, 3)))), "section.card.codes");
    }

    private static XElement Totals(LoadReport report)
    {
        var cores = report.OwnCpuSeconds / report.Elapsed.TotalSeconds;
        return Facts("The test", "When the load generator uses nearly all cores of the machine, the generator is what "
            + "was measured.",
            ("Duration, including start-up", NumberFormat.Span(report.Elapsed), false),
            ("Games played", NumberFormat.Whole(report.GamesPlayed), false),
            ("Turns sent", NumberFormat.Whole(report.TurnsSent), false),
            ("Turns received", NumberFormat.Whole(report.TurnsReceived), false),
            ("Requests answered", NumberFormat.Whole(report.Requests), false),
            ("Requests lost", NumberFormat.Whole(report.RequestsLost), report.RequestsLost > 0),
            ("Replies dropped on purpose", NumberFormat.Whole(report.RepliesDropped), false),
            ("Players who crashed and came back", NumberFormat.Whole(report.ComeBacks), false),
            ("Wrong partners", NumberFormat.Whole(report.WrongPartners), report.WrongPartners > 0),
            ("Players with errors", NumberFormat.Whole(report.PlayersWithErrors), report.PlayersWithErrors > 0),
            ("Generator's CPU", $"{NumberFormat.Number(report.OwnCpuSeconds)}\u00A0s", false),
            ("Generator's CPU, of one core", NumberFormat.Percent(cores), false));
    }

    private static XElement? Server(LoadReport report)
    {
        var facts = new List<(string, string, bool)>();
        if (report.Server is { } server)
        {
            facts.AddRange([
                ("Process", server.ProcessId.ToString(CultureInfo.InvariantCulture), false),
                ("CPU", $"{NumberFormat.Number(server.CpuSeconds)}\u00A0s", false),
                ("CPU, of one core", NumberFormat.Percent(server.CpuSeconds / report.Elapsed.TotalSeconds), false),
                ("CPU per request", NumberFormat.Microseconds(server.CpuMicrosecondsPerRequest), false),
                ("RSS at start", NumberFormat.Megabytes(server.ResidentMegabytesAtStart), false),
                ("RSS at end", NumberFormat.Megabytes(server.ResidentMegabytesAtEnd), false),
                ("Peak RSS", NumberFormat.Megabytes(server.ResidentMegabytesPeak), false),
            ]);
        }

        if (report.ServerCompute is { Count: > 0 } compute)
        {
            facts.AddRange([
                ("Inside the server, p50", NumberFormat.Milliseconds(compute.Median), false),
                ("Inside the server, p99", NumberFormat.Milliseconds(compute.P99), false),
                ("Inside the server, max", NumberFormat.Milliseconds(compute.Max), false),
            ]);
        }

        return facts.Count == 0 ? null : Facts("The server", null, [.. facts]);
    }

    private static XElement Facts(string title, string? note,
        params (string Name, string Figure, bool IsBad)[] facts) =>
        Table(title, note, [], facts.Select(fact => Element(fact.IsBad ? "tr.bad" : "tr", Head(fact.Name),
            Number(fact.Figure))));

    // Wide tables scroll inside the page, and are focusable so that the keyboard can scroll them.
    private static XElement Table(string title, string? note, string[] columns, IEnumerable<XElement> rows,
        string element = "section.card") => Element(element, Element("h3", title),
            Element("div.scroll", Attribute("tabindex", "0"), Attribute("role", "region"),
                Attribute("aria-label", title), Element("table", columns.Length == 0 ? null
                    : Element("thead", Element("tr", columns.Select((column, i) => Element(
                        column is "name" || i == 0 ? "th.word" : "th", Attribute("scope", "col"), column)))),
                    Element("tbody", rows))),
            note is null ? null : Element("p.note", note));

    private static XElement Head(string text) => Element("th.word", Attribute("scope", "row"), text);

    private static XElement Number(string text) => Element("td", text);

    private static XElement Count(long count) => Element(count > 0 ? "td.bad" : "td", NumberFormat.Whole(count));

    private static string Milliseconds(LatencySummary latency, double value) =>
        latency.Count == 0 ? NumberFormat.Unknown : NumberFormat.Fixed(value, MillisecondDigits);
}
