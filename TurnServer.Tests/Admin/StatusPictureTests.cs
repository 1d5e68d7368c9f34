using System.Text.RegularExpressions;
using Microsoft.Playwright;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>
/// Takes the README's picture of the status page: <c>dotnet test TurnServer.Tests -c Release --filter
/// FullyQualifiedName~StatusPictureTests</c> writes <c>TurnServer/Admin/status.png</c> after five minutes of play.
/// </summary>
[Category("Process"), Explicit("Plays for five minutes and writes TurnServer/Admin/status.png.")]
internal sealed partial class StatusPictureTests
{
    private const int Width = 1200;
    private const int Height = 1104;
    private const int TurnBytesMax = 200;

    // The history that the page shows, without the first seconds, whose times are those of a cold start.
    private static readonly TimeSpan PlayTime = TimeSpan.FromSeconds(330);

    private static readonly string[] Couples =
    [
        "Ann Bob", "Carla Dmitri", "Erik Fatima", "Grace Hugo", "Ines Jakob", "Kaito Lena", "Mia Noah", "Olga Pavel",
        "Quentin Rosa", "Sofia Tariq", "Uma Viktor", "Wanda Xaver", "Yusuf Zoë",
    ];

    // Of the couples in turn.
    private static readonly string?[] Pools = ["ranked", "casual", null];

    // Each waits in a pool that only a friend knows.
    private static readonly (string Name, string Pool)[] Singles =
        [("Alma", "K7QX"), ("Ben", "R2WD"), ("Chiara", "T9HM"), ("Dan", "P4VC")];

    [Test]
    public async Task Picture()
    {
        var port = Ports.Next();
        await using var server = await ServerChild.StartAsync("--admin-port", $"{port}", "--pairing-timeout", "600");
        var pairs = new List<RawPair>();
        foreach (var (i, couple) in Couples.Index())
        {
            pairs.Add(await RawPair.StartAsync(server.Port, couple.Split(' ')[0], couple.Split(' ')[1],
                Pools[i % Pools.Length]));
        }

        await using var waiting = await RawHttp.ConnectAsync(server.Port);
        foreach (var (name, pool) in Singles)
            await waiting.PostAsync($"0,{name},*#{pool},*,*");
        using var stop = new CancellationTokenSource();
        using var http = new HttpClient { BaseAddress = server.Url };
        var games = pairs.Select((pair, i) => PlayAsync(http, pair, new Random(i), stop.Token)).ToList();
        await await Task.WhenAny([Task.Delay(PlayTime), .. games]);
        await PhotographAsync(port);
        await stop.CancelAsync();
        await Task.WhenAll(games);
        foreach (var pair in pairs)
            await pair.DisposeAsync();
    }

    // The players take turns at a human pace; the one whose turn it is not holds a request.
    private static async Task PlayAsync(HttpClient http, RawPair pair, Random random, CancellationToken stop)
    {
        var counters = new int[2];
        for (var mover = 0; !stop.IsCancellationRequested; mover = 1 - mover)
        {
            var (sender, receiver) = (mover, 1 - mover);
            var held = PostAsync(http, pair.Update(receiver, counters[receiver]++, ""));
            await Task.Delay(random.Next(100, 900), CancellationToken.None);
            var turn = new string('x', random.Next(1, TurnBytesMax));
            await Task.WhenAll(held, PostAsync(http, pair.Update(sender, counters[sender]++, turn), waitSeconds: 0));
        }
    }

    private static async Task PostAsync(HttpClient http, string body, int waitSeconds = 20)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent(body) };
        request.Headers.Add("Prefer", $"wait={waitSeconds}");
        using var reply = await http.SendAsync(request);
        Assert.That(await reply.Content.ReadAsStringAsync(), Does.StartWith("0/"));
    }

    private static async Task PhotographAsync(int port)
    {
        await using var browser = await Browser.StartAsync();
        var page = await browser.NewPageAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = Width, Height = Height },
            ColorScheme = ColorScheme.Light,
            Locale = "en-GB",
        });
        // The picture names no real machine.
        await page.RouteAsync("**/status.json*", async route =>
        {
            var reply = await route.FetchAsync();
            await route.FulfillAsync(new RouteFulfillOptions
            {
                Response = reply,
                Body = Machine().Replace(await reply.TextAsync(), "\"machine\":\"relay-1\""),
            });
        });
        await page.GotoAsync($"http://localhost:{port}/status");
        await Assertions.Expect(page.Locator("#games tbody tr")).ToHaveCountAsync(Couples.Length);
        await page.ScreenshotAsync(new PageScreenshotOptions
        {
            Path = Path.Combine(Repository.Root, "TurnServer", "Admin", "status.png"),
        });
        Assert.That(browser.Errors, Is.Empty);
    }

    [GeneratedRegex("\"machine\":\"[^\"]*\"")]
    private static partial Regex Machine();
}
