using System.Globalization;
using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report;

/// <summary>The head of the page: the verdict and the settings.</summary>
internal static class PageHead
{
    private const string Tick = "M7 13.5l4 4 8-9";
    private const string Cross = "M8 8l10 10M18 8L8 18";
    private const string Dash = "M7 13h12";

    /// <summary>The verdict on one test.</summary>
    public static XElement Verdict(LoadReport report, string heading) => report switch
    {
        { ViolationCount: > 0 } => Verdict("bad", Cross, heading, Failed([report])),
        { TurnsReceived: 0 } => Verdict("unsure", Dash, heading, "No turn was received"),
        _ => Verdict("good", Tick, heading, "Every turn arrived once and in order"),
    };

    /// <summary>The verdict on all runs of a ramp.</summary>
    public static XElement Verdict(IReadOnlyList<LoadReport> runs)
    {
        if (runs.Any(run => run.ViolationCount > 0))
            return Verdict("bad", Cross, "h1", Failed(runs));
        return runs.Any(run => run.TurnsReceived == 0)
            ? Verdict("unsure", Dash, "h1", "A run received no turn")
            : Verdict("good", Tick, "h1", $"Every turn of {runs.Count} runs arrived once and in order");
    }

    /// <summary>The messages for violations; null if none.</summary>
    public static XElement? Violations(LoadReport report)
    {
        if (report.ViolationCount == 0)
            return null;
        var more = report.ViolationCount - report.Violations.Count;
        return Element("div.violations",
            report.Violations.Count == 0 ? null
                : Element("ol", report.Violations.Select(violation => Element("li", violation))),
            more <= 0 ? null : Element("p", $"and {NumberFormat.Whole(more)} more."));
    }

    /// <summary>The settings of the test, in a line.</summary>
    public static XElement Conditions(LoadReport report, bool hasClients = true)
    {
        var settings = report.Settings;
        IEnumerable<object?> parts =
        [
            Element("span.url", settings.Url.ToString()),
            hasClients ? Players(settings.Clients) : null,
            settings.Pools switch { 0 => null, 1 => "1 pool", _ => $"{NumberFormat.Whole(settings.Pools)} pools" },
            Pace(settings),
            NumberFormat.Span(settings.Duration),
            settings.WebSocket ? "over WebSockets" : null,
            settings.ComeBack > 0 ? $"a crash after {NumberFormat.Percent(settings.ComeBack)} of turns" : null,
            settings.Loss > 0 ? $"{NumberFormat.Percent(settings.Loss)} of replies dropped on purpose" : null,
            report.StartedAt.ToString("d MMMM yyyy, HH:mm zzz", CultureInfo.InvariantCulture),
        ];
        return Element("ul.conditions", parts.Where(part => part is not null).Select(part => Element("li", part)));
    }

    public static string Players(int clients) => clients == 1 ? "1 player" : $"{NumberFormat.Whole(clients)} players";

    private static string Pace(LoadSettings settings) =>
        $"{NumberFormat.Round(settings.Rate)} {(settings.Rate == 1 ? "turn" : "turns")} a second each"
            + (settings.Wait ? ", delivered at once (held replies)" : "");

    private static string Failed(IReadOnlyList<LoadReport> runs)
    {
        var (wrong, turns) = (runs.Sum(run => run.WrongTurns), runs.Sum(run => run.TurnsReceived));
        var count = wrong == 1 ? "1 turn" : $"{NumberFormat.Whole(wrong)} turns";
        var all = turns == 0 ? "" : $" of {NumberFormat.Whole(turns)}";
        var badly = wrong == 0 ? null : $"{count}{all} did not arrive once and in order";
        var partners = runs.Sum(run => run.WrongPartners);
        var badlyPaired = partners switch
        {
            0 => null,
            1 => "1 player got a wrong partner",
            _ => $"{NumberFormat.Whole(partners)} players got wrong partners",
        };
        return string.Join("; ", new[] { badly, badlyPaired }.Where(part => part is not null));
    }

    private static XElement Verdict(string kind, string sign, string heading, string text) => Element(
        $"div.verdict.{kind}", Element("svg", Attribute("viewBox", "0 0 26 26"), Attribute("aria-hidden", "true"),
            Element("circle", Attribute("cx", 13), Attribute("cy", 13), Attribute("r", 13)),
            Element("path", Attribute("d", sign))), Element(heading, text));
}
