using System.Xml.Linq;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report;

/// <summary>The key figures of a test, large.</summary>
internal static class Tiles
{
    public static XElement Draw(LoadReport report)
    {
        var latency = report.TurnLatency;
        var server = report.Server;
        return Element("dl.tiles",
            Tile("Requests", Figures.Number(report.RequestsPerSecond), "/s",
                $"{Figures.Whole(report.Requests)} answered in {Figures.Span(report.Elapsed)}"),
            Tile("Turns", Figures.Number(report.TurnsPerSecond), "/s",
                $"{Figures.Whole(report.TurnsReceived)} in {Games(report.GamesPlayed)}"),
            Element("div.tile.triple", Element("dt", "Turn latency"), Element("dd",
                Part("median", latency, latency.Median), Part("p99", latency, latency.P99),
                Part("max", latency, latency.Max))),
            Tile("Players with errors", Figures.Whole(report.PlayersWithErrors), "",
                $"of {Figures.Whole(report.Settings.Clients)}", report.PlayersWithErrors > 0),
            server is null ? null : Tile("Server CPU", Figures.Number(server.CpuMicrosecondsPerRequest), "µs",
                "for each request"),
            server is null ? null : Tile("Server memory", Figures.Number(server.ResidentMegabytesPeak), "MB",
                $"at its peak, {Figures.Megabytes(server.ResidentMegabytesAtStart)} at first"));
    }

    private static XElement Tile(string name, string figure, string unit, string note, bool isBad = false) => Element(
        isBad ? "div.tile.bad" : "div.tile", Element("dt", name), Element("dd", Figure(figure, unit)),
        Element("dd.note", note));

    private static XElement Part(string name, LatencySummary latency, double milliseconds) => Element("span.part",
        Figure(latency.Count == 0 ? Figures.Unknown : Figures.Number(milliseconds), "ms"), Element("span.note", name));

    private static XElement Figure(string figure, string unit) =>
        Element("span.figure", figure, unit.Length == 0 || figure == Figures.Unknown ? null
            : Element("span.unit", $"\u00A0{unit}"));

    private static string Games(long games) => games == 1 ? "1 game" : $"{Figures.Whole(games)} games";
}
