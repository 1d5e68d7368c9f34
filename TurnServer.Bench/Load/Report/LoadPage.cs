using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using TurnServer.Admin.Page;
using TurnServer.Bench.Load.Report.Charts;
using static TurnServer.Bench.Load.Report.Markup;

namespace TurnServer.Bench.Load.Report;

/// <summary>A self-contained HTML page about one load test or a ramp.</summary>
internal static class LoadPage
{
    /// <summary>The page of at least one run. Of several, first the cost against the number of players, then the last
    /// run in detail.</summary>
    public static string Compose(IReadOnlyList<LoadReport> runs)
    {
        ArgumentOutOfRangeException.ThrowIfZero(runs.Count);
        var style = new Inline("style", "/*", "*/", StatusPage.BaseStyle + Resource("page.css"));
        var script = new Inline("script", "//", "", Resource("page.js"));
        var last = runs[^1];
        return Write(Element("html", Attribute("lang", "en"),
            Element("head",
                Element("meta", Attribute("charset", "utf-8")),
                Element("meta", Attribute("http-equiv", "Content-Security-Policy"), Attribute("content",
                    $"default-src 'none'; style-src {style.Hash}; script-src {script.Hash}; base-uri 'none'; "
                    + "form-action 'none'")),
                Element("meta", Attribute("name", "viewport"),
                    Attribute("content", "width=device-width, initial-scale=1")),
                Element("meta", Attribute("name", "color-scheme"), Attribute("content", "light dark")),
                Element("title", Title(runs)),
                style.Element),
            Element("body",
                Element("header", Element("p.eyebrow", "TurnServer load test"),
                    runs.Count == 1 ? RunHead(last, "h1") : RampHead(runs)),
                Element("main", runs.Count == 1 ? null : Ramp(runs),
                    runs.Count == 1 ? RunBody(last) : LastRun(last)),
                script.Element)));
    }

    private static string Title(IReadOnlyList<LoadReport> runs) => runs.Count == 1
        ? $"Load test: {PageHead.Players(runs[0].Settings.Clients)}, {runs[0].Settings.Url}"
        : $"Load test: {NumberFormat.Whole(runs.Min(run => run.Settings.Clients))} to "
            + $"{PageHead.Players(runs.Max(run => run.Settings.Clients))}, {runs[^1].Settings.Url}";

    private static IEnumerable<XElement?> RunHead(LoadReport report, string heading) =>
    [
        PageHead.Verdict(report, heading),
        PageHead.Conditions(report),
        PageHead.Violations(report),
    ];

    private static IEnumerable<XElement?> RampHead(IReadOnlyList<LoadReport> runs) =>
    [
        PageHead.Verdict(runs),
        PageHead.Conditions(runs[^1], hasClients: false),
        .. runs.SkipLast(1).Where(run => run.ViolationCount > 0).SelectMany(run => new[]
        {
            Element("p.of", $"With {PageHead.Players(run.Settings.Clients)}:"),
            PageHead.Violations(run),
        }),
    ];

    private static XElement Ramp(IReadOnlyList<LoadReport> runs) => Element("section",
        Element("h2", "Cost against players"),
        Element("div.charts", new RampCharts(runs).All().Select(ChartFigure.Draw)),
        Element("div.tables", Tables.Runs(runs)));

    private static XElement LastRun(LoadReport last) => Element("section.last",
        Element("h2", $"The last run: {PageHead.Players(last.Settings.Clients)}"),
        RunHead(last, "p"), RunBody(last));

    private static IEnumerable<XElement> RunBody(LoadReport report)
    {
        var time = new TimeCharts(report);
        yield return Tiles.Draw(report);
        yield return Element("section.charts", Element("h2.unseen", "Charts"),
            ChartFigure.Draw(time.TurnLatency()), ChartFigure.Draw(DistributionChart.Of(report)),
            SymbolBars.Draw(report), ChartFigure.Draw(time.Replies()),
            new[] { time.ServerCpu(), time.ServerMemory() }.OfType<Chart>().Select(ChartFigure.Draw));
        yield return Element("section", Element("h2.unseen", "Tables"), Tables.Draw(report));
    }

    private static string Resource(string name)
    {
        var resource = $"{typeof(LoadPage).Namespace}.{name}";
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The program was built without {resource}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    // CDATA marks, inside comments of the text's own language, make the text the same to HTML and XML parsers.
    private sealed class Inline(string element, string comment, string end, string text)
    {
        private readonly string _marked = $"{end}\n{text}{comment}";

        public XElement Element => new(element, new XText(comment), new XCData(_marked), new XText(end));

        /// <summary>For the Content-Security-Policy, which allows only this text.</summary>
        public string Hash
        {
            get
            {
                var whole = $"{comment}<![CDATA[{_marked}]]>{end}";
                return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(whole)))}'";
            }
        }
    }
}
