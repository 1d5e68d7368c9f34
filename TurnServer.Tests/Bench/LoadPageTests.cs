using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using TurnServer.Bench.Load;
using TurnServer.Bench.Load.Report;
using TurnServer.Bench.Load.Report.Charts;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>The contents of the page about a load test, and that it is well-formed for any report.</summary>
public sealed partial class LoadPageTests
{
    private static readonly LatencySummary Equal = new(8, 3, 3, 3, 3, 3, 3)
    {
        Distribution = [new PercentilePoint(0, 3), new PercentilePoint(50, 3), new PercentilePoint(100, 3)],
    };

    private static readonly Dictionary<string, LoadReport[]> Pages = new()
    {
        ["good"] = [LoadReportSamples.Good()],
        ["violations"] = [LoadReportSamples.Bad()],
        ["violations, none in words"] = [LoadReportSamples.Bad() with { Violations = [] }],
        ["nothing"] = [LoadReportSamples.Nothing()],
        ["one second"] = [LoadReportSamples.Good(2, 1)],
        ["an hour"] = [LoadReportSamples.Good(10, 3601)],
        ["no turns"] = [WithoutTurns()],
        ["no server"] = [WithoutServer()],
        ["one symbol"] = [LoadReportSamples.Good() with { Symbols = [LoadReportSamples.Good().Symbols[6]] }],
        ["equal values"] = [AllEqual(3)],
        ["zeros"] = [AllEqual(0)],
        ["a gap"] = [WithAGap()],
        ["many codes"] = [ManyCodes()],
        ["held"] = [LoadReportSamples.Good() with
        {
            Settings = LoadReportSamples.Good().Settings with { Wait = true, Loss = 0 },
        }],
        ["pools"] = [WithPools(wrongPartners: 0)],
        ["wrong partners"] = [WithPools(wrongPartners: 2)],
        ["ramp"] = [.. LoadReportSamples.Ramp()],
        ["ramp of nothing"] = [LoadReportSamples.Nothing(), LoadReportSamples.Nothing()],
        ["ramp with violations"] = [LoadReportSamples.Bad(), WithoutServer(), LoadReportSamples.Good(5000, 3)],
    };

    private static IEnumerable<string> PageNames => Pages.Keys;

    [TestCaseSource(nameof(PageNames))]
    public void Compose_AnyReport_IsWellFormedAndSelfContained(string name)
    {
        var page = LoadPage.Compose(Pages[name]);
        var html = XDocument.Parse(page).Root!;
        var attributes = html.DescendantsAndSelf().Attributes().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page, Does.StartWith("<!DOCTYPE html>\n"));
            Assert.That(page.Replace("http://127.0.0.1:25000/", "", StringComparison.Ordinal),
                Does.Not.Contain("http:").And.Not.Contain("https:"));
            Assert.That(page, Does.Not.Contain("NaN").And.Not.Contain("Infinity").And.Not.Contain("∞"));
            Assert.That(html.Descendants("h1").Count(), Is.EqualTo(1));
            Assert.That(attributes.Select(attribute => attribute.Name.LocalName),
                Has.None.EqualTo("src").And.None.EqualTo("href").And.None.EqualTo("style"));
            Assert.That(html.Descendants("figure").Elements("svg"),
                Is.All.Matches<XElement?>(svg => (string?)svg?.Attribute("role") == "img"
                    && !string.IsNullOrEmpty((string?)svg.Attribute("aria-label"))));
        }
    }

    [TestCaseSource(nameof(PageNames))]
    public void Compose_AnyReport_SelfClosesOnlyVoidElements(string name)
    {
        var outsideDrawings = Drawing().Replace(LoadPage.Compose(Pages[name]), "");
        Assert.That(SelfClosed().Matches(outsideDrawings).Select(match => match.Groups[1].Value),
            Is.All.EqualTo("meta"));
    }

    [TestCaseSource(nameof(PageNames))]
    public void Compose_AnyReport_DrawsInsideTheViewBox(string name)
    {
        foreach (var svg in XDocument.Parse(LoadPage.Compose(Pages[name])).Descendants("figure").Elements("svg"))
        {
            var size = svg.Attribute("viewBox")!.Value.Split(' ').Skip(2).Select(Parse).ToList();
            foreach (var (side, limit) in new[] { ("x", size[0]), ("x1", size[0]), ("cx", size[0]), ("y", size[1]) })
            {
                Assert.That(svg.Descendants().Attributes(side).Select(attribute => Parse(attribute.Value)),
                    Is.All.InRange(0, limit), $"{side} in {svg.Attribute("aria-label")}");
            }
        }
    }

    [Test]
    public void Compose_OneRun_HasEachNumber()
    {
        var text = TextOf(LoadReportSamples.Good());
        string[] numbers =
        [
            "Every turn arrived once and in order", "http://127.0.0.1:25000/", "1 000 players",
            "2 turns a second each", "1 % of replies dropped on purpose", "14 March 2026, 15:09 +01:00",
            "120 000 answered in 61.4 s", "60 000 in 1 500 games", "1 955", "978", "0.47", "89.6", "52.5", "72.0",
            "58.2 MB at start", "GAME_REDUNDANT", "6 GAME_UPDATE", "116 760", "11 676", "Generator's CPU", "5.10 s",
        ];
        Assert.That(numbers.Where(number => !text.Contains(number, StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Compose_HeldReplies_IsNamedBesideTheRate()
    {
        var settings = LoadReportSamples.Good().Settings with { Wait = true, Loss = 0 };
        var text = TextOf(LoadReportSamples.Good() with { Settings = settings });
        Assert.That(text, Does.Contain("2 turns a second each, delivered at once (held replies)")
            .And.Not.Contain("of replies dropped"));
    }

    [Test]
    public void Compose_Violations_AreListedUnderABadVerdict()
    {
        var html = XDocument.Parse(LoadPage.Compose([LoadReportSamples.Bad()]));
        var verdict = html.Descendants("h1").Single();
        var listed = html.Descendants("li").Where(item => item.Value.StartsWith("player ", StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Plain(verdict.Value), Is.EqualTo("1 204 turns of 60 000 did not arrive once and in order"));
            Assert.That((string?)verdict.Parent!.Attribute("class"), Is.EqualTo("verdict bad"));
            Assert.That(listed.Count(), Is.EqualTo(3));
            Assert.That(Plain(html.Root!.Value), Does.Contain("and 1 201 more."));
        }
    }

    [TestCase(0, "Every turn arrived once and in order")]
    [TestCase(1, "1 player got a wrong partner")]
    [TestCase(1204, "1 204 players got wrong partners")]
    public void Compose_Pools_AreInTheSettingsAndTheVerdict(int wrongPartners, string verdict)
    {
        var html = XDocument.Parse(LoadPage.Compose([WithPools(wrongPartners)]));
        Assert.That(Plain(html.Descendants("h1").Single().Value), Is.EqualTo(verdict));
        Assert.That(html.Descendants("li").Select(item => item.Value), Has.One.EqualTo("3 pools"));
    }

    [Test]
    public void Compose_WrongTurnsAndPartnersOfAnotherPool_AreBothInTheVerdict()
    {
        var report = LoadReportSamples.Bad() with { WrongPartners = 4 };
        Assert.That(TextOf(report), Does.Contain(
            "1 200 turns of 60 000 did not arrive once and in order; 4 players got wrong partners"));
    }

    [Test]
    public void Compose_ForeignText_IsEscaped()
    {
        const string Script = "<script>alert(1)</script>";
        var report = LoadReportSamples.Bad() with
        {
            Settings = LoadReportSamples.Good().Settings with { Url = new Uri("http://127.0.0.1:25000/?<script>&\"'") },
            Codes = [new CodeCount(Script, Script, true, 3)],
            Symbols = [LoadReportSamples.Good().Symbols[0] with { Name = Script }],
        };
        var page = LoadPage.Compose([report]);
        Assert.That(Regex.Count(page, "<script"), Is.EqualTo(1), "only the page's own script");
        Assert.That(XDocument.Parse(page).Descendants("li").Select(item => item.Value),
            Has.One.EqualTo("player 611 never had turn 97 of player 612: <script>alert(1)</script> & \uFFFD\uFFFD"));
    }

    [Test]
    public void Compose_ContentSecurityPolicy_AllowsOnlyItsOwnStyleAndScript()
    {
        var page = LoadPage.Compose([LoadReportSamples.Good()]);
        var policy = (string?)XDocument.Parse(page).Descendants("meta").Attributes("content").ElementAt(0);
        var hashes = Inline().Matches(page).Select(match => Encoding.UTF8.GetBytes(match.Groups[2].Value))
            .Select(text => Convert.ToBase64String(SHA256.HashData(text))).ToList();
        Assert.That(policy, Is.EqualTo($"default-src 'none'; style-src 'sha256-{hashes[0]}'; "
            + $"script-src 'sha256-{hashes[1]}'; base-uri 'none'; form-action 'none'"));
    }

    [Test]
    public void Compose_NoTurns_HasNoGoodVerdict()
    {
        var html = XDocument.Parse(LoadPage.Compose([LoadReportSamples.Nothing()]));
        Assert.That(html.Descendants("h1").Single().Value, Is.EqualTo("No turn was received"));
    }

    [Test]
    public void Compose_UnknownServer_OmitsItsCharts()
    {
        Assert.That(TextOf(LoadReportSamples.Good()), Does.Contain("Server CPU over time"));
        Assert.That(TextOf(WithoutServer()), Does.Not.Contain("Server CPU").And.Not.Contain("The server"));
    }

    [Test]
    public void Compose_Ramp_ShowsItsChartsThenTheLastRun()
    {
        var html = XDocument.Parse(LoadPage.Compose(LoadReportSamples.Ramp()));
        var titles = html.Descendants().Where(element => element.Name.LocalName is "h2" or "h3")
            .Select(element => Plain(element.Value)).Take(7);
        Assert.That(titles, Is.EqualTo(["Cost against players", "Turn latency", "Requests a second",
            "Server CPU per request", "Peak server memory", "The runs", "The last run: 10 000 players"]));
        Assert.That(html.Descendants("h1").Single().Value,
            Is.EqualTo("Every turn of 7 runs arrived once and in order"));
    }

    [Test]
    public void Compose_RampWithViolationsInAnEarlierRun_NamesItsPlayers()
    {
        var text = TextOf(LoadReportSamples.Bad(), LoadReportSamples.Good(2000));
        Assert.That(text, Does.Contain("1 204 turns of 180 000 did not arrive").And.Contain("With 1 000 players:"));
    }

    [Test]
    public void Compose_AnHour_DrawsFewPointsAndKeepsTheMaximum()
    {
        var hour = LoadReportSamples.Good(10, 3601);
        LoadSecond[] seconds = [.. hour.Seconds];
        seconds[1801] = seconds[1801] with { TurnLatency = new SecondLatency(1, 2, 77_777) };
        var html = XDocument.Parse(LoadPage.Compose([hour with { Seconds = seconds }]));
        var readings = html.Descendants("figure").Attributes("data-readings").Select(attribute =>
            JsonDocument.Parse(attribute.Value).RootElement).ToList();
        Assert.That(readings.Select(each => each.GetProperty("at").GetArrayLength()), Is.All.LessThanOrEqualTo(500));
        Assert.That(Plain(readings[0].GetProperty("values").ToString()), Does.Contain("77\\u202F777\\u00A0ms"));
    }

    [Test]
    public void Compose_ManyCodes_DrawsAllErrorsAsOneLayer()
    {
        var html = XDocument.Parse(LoadPage.Compose([ManyCodes()]));
        var legends = html.Descendants("ul").Where(list => (string?)list.Attribute("class") == "legend")
            .Select(list => string.Join('|', list.Elements("li").Select(item => item.Value)));
        Assert.That(legends, Has.One.EqualTo("errors|others|0/5 FIVE|0/4 FOUR|0/3 THREE|0/2 TWO|0/1 ONE|0/0 ZERO"));
    }

    [Test]
    public void Compose_NoRuns_Throws() =>
        Assert.That(() => LoadPage.Compose([]), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static LoadReport WithoutServer() => LoadReportSamples.Good() with
    {
        Server = null,
        ServerCompute = null,
        Seconds = [.. LoadReportSamples.Good().Seconds.Select(second =>
            second with { ServerCpuShare = null, ServerResidentMegabytes = null })],
    };

    private static LoadReport WithPools(int wrongPartners) => LoadReportSamples.Good() with
    {
        Settings = LoadReportSamples.Good().Settings with { Pools = 3 },
        ViolationCount = wrongPartners,
        WrongPartners = wrongPartners,
    };

    private static LoadReport WithoutTurns() => LoadReportSamples.Good() with
    {
        TurnsReceived = 0,
        TurnLatency = new LatencySummary(0, 0, 0, 0, 0, 0, 0) { Distribution = [] },
        Seconds = [.. LoadReportSamples.Good().Seconds.Select(second => second with { Turns = 0, TurnLatency = null })],
    };

    private static LoadReport WithAGap() => LoadReportSamples.Good() with
    {
        Seconds = [.. LoadReportSamples.Good().Seconds.Where(second => second.Second is < 10 or > 30)
            .Select(second => second.Second is 5 or 7 ? second with { TurnLatency = null } : second)],
    };

    private static LoadReport AllEqual(double value)
    {
        var latency = new LatencySummary(8, value, value, value, value, value, value)
        {
            Distribution = [.. Equal.Distribution.Select(point => point with { Milliseconds = value })],
        };
        return LoadReportSamples.Good() with
        {
            TurnLatency = latency,
            Symbols = [new SymbolStatistics(6, "GAME_UPDATE", latency, 0)],
            Seconds = [.. LoadReportSamples.Good().Seconds.Select(second => second with
            {
                TurnLatency = new SecondLatency(value, value, value),
                ServerCpuShare = value,
                ServerResidentMegabytes = value,
            })],
        };
    }

    private static LoadReport ManyCodes()
    {
        string[] names = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN"];
        List<CodeCount> codes = [.. names.Select((name, i) => new CodeCount($"0/{i}", name, false, 100 - i))];
        return LoadReportSamples.Good() with
        {
            Codes = [.. codes, new CodeCount("13/*", "NO_GAME", true, 2), new CodeCount("lost", "lost", true, 1)],
        };
    }

    private static string TextOf(params LoadReport[] runs) =>
        Plain(string.Join(' ', XDocument.Parse(LoadPage.Compose(runs)).Root!.DescendantNodes().OfType<XText>()
            .Where(text => text.Parent!.Name.LocalName is not "style" and not "script").Select(text => text.Value)));

    private static string Plain(string text) => text.Replace('\u00A0', ' ').Replace('\u202F', ' ');

    private static double Parse(string number) => double.Parse(number, CultureInfo.InvariantCulture);

    [GeneratedRegex("<(style|script)>(.*?)</\\1>", RegexOptions.Singleline)]
    private static partial Regex Inline();

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Drawing();

    [GeneratedRegex("<([a-z0-9]+)[^<>]*/>")]
    private static partial Regex SelfClosed();
}
