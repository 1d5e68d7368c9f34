using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report;

/// <summary>The main results of a test.</summary>
internal static class Tiles
{
    public static XElement Draw(LoadReport report)
    {
        var latency = report.TurnLatency;
        var server = report.Server;
        return Element("dl.tiles",
            Tile("Requests", NumberFormat.Number(report.RequestsPerSecond), "/s",
                $"{NumberFormat.Whole(report.Requests)} answered in {NumberFormat.Span(report.Elapsed)}"),
            Tile("Turns", NumberFormat.Number(report.TurnsPerSecond), "/s",
                $"{NumberFormat.Whole(report.TurnsReceived)} in {Games(report.GamesPlayed)}"),
            Element("div.tile.triple", Element("dt", "Turn latency"), Element("dd",
                Part("p50", latency, latency.Median), Part("p99", latency, latency.P99),
                Part("max", latency, latency.Max))),
            Tile("Players with errors", NumberFormat.Whole(report.PlayersWithErrors), "",
                $"of {NumberFormat.Whole(report.Settings.Clients)}", report.PlayersWithErrors > 0),
            server is null ? null : Tile("Server CPU", NumberFormat.Number(server.CpuMicrosecondsPerRequest), "µs",
                "per request"),
            server is null ? null : Tile("Server memory", NumberFormat.Number(server.ResidentMegabytesPeak), "MB",
                $"peak, {NumberFormat.Megabytes(server.ResidentMegabytesAtStart)} at start"));
    }

    private static XElement Tile(string name, string figure, string unit, string note, bool isBad = false) => Element(
        isBad ? "div.tile.bad" : "div.tile", Element("dt", name), Element("dd", Figure(figure, unit)),
        Element("dd.note", note));

    private static XElement Part(string name, LatencySummary latency, double milliseconds) => Element("span.part",
        Figure(latency.Count == 0 ? NumberFormat.Unknown : NumberFormat.Number(milliseconds), "ms"),
        Element("span.note", name));

    private static XElement Figure(string figure, string unit) =>
        Element("span.figure", figure, unit.Length == 0 || figure == NumberFormat.Unknown ? null
            : Element("span.unit", $"\u00A0{unit}"));

    private static string Games(long games) => games == 1 ? "1 game" : $"{NumberFormat.Whole(games)} games";
}
