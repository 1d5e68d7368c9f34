using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using TurnServer.Bench.Load;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>The status page in a real browser, on a server with players.</summary>
[Category("Slow")]
internal sealed class StatusPageTests() : AdminFixture("--pairing-timeout", "600")
{
    private const string Markup = "<script>alert(1)</script>";
    private const string Image = "<img src=x onerror=alert(2)>";
    private const string Reversed = "\u202Edesrever";
    private const string HostilePool = "<b>\"'&";

    // A letter under as many combining marks as a name may have, and a name without a place to break it.
    private static readonly string Tower = "Z" + string.Concat(Enumerable.Repeat("\u0335\u0317\u0489", 21));
    private static readonly string Wide = new('W', 64);
    private static readonly string WidePool = new('W', 32);

    private static readonly BrowserNewContextOptions Phone = new()
    {
        ViewportSize = new ViewportSize { Width = 390, Height = 844 },
        IsMobile = true,
        HasTouch = true,
    };

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private RawHttp _client = null!;
    private Browser _browser = null!;
    private Task<LoadReport> _load = null!;

    [OneTimeSetUp]
    public async Task StartPlayers()
    {
        _client = await RawHttp.ConnectAsync(Server.Port);
        foreach (var name in new[] { Markup, Image, Reversed, Tower, Wide })
        {
            var pool = name switch { Markup => $"#{HostilePool}", Image => $"#{WidePool}", _ => "" };
            Assert.That((await _client.PostAsync($"0,{name},*{pool},Nobody else,*")).Body, Does.StartWith("0/0/"));
        }

        _browser = await Browser.StartAsync();
        Assertions.SetDefaultExpectTimeout((float)TestWait.Timeout.TotalMilliseconds);
        _load = LoadTest.RunAsync(new LoadOptions
        {
            Settings = new LoadSettings(Server.Url, Clients: 60, Rate: 3, TimeSpan.FromMinutes(10), Wait: true,
                Loss: 0),
        }, _ => { }, _stop.Token);
    }

    [OneTimeTearDown]
    public async Task StopPlayers()
    {
        await _stop.CancelAsync();
        await _load;
        _load.Dispose();
        await _client.DisposeAsync();
        await _browser.DisposeAsync();
        _stop.Dispose();
    }

    [TearDown]
    public void NoPageHasErrors() => Assert.That(_browser.Errors, Is.Empty);

    [Test]
    public async Task Values_and_charts_are_updated()
    {
        var page = await OpenAsync();
        await Until(page, "Number(document.querySelector('.tile .figure')?.innerText) === 30");
        await Expect(page.Locator("#eyebrow")).ToContainTextAsync("TurnServer 1.0.0");
        await Until(page, "document.title.includes('30 games – TurnServer')");
        await Until(page, "[...document.querySelectorAll('#charts figure')]"
            + ".every(figure => (figure.querySelector('.line')?.getAttribute('d').match(/L/g) ?? []).length > 3)");
        var before = await page.Locator("#charts .line").First.GetAttributeAsync("d");
        var requests = await page.Locator("#totals dd").First.InnerTextAsync();
        await Until(page, $"document.querySelector('#charts .line').getAttribute('d') !== '{before}'");
        await Until(page, $"document.querySelector('#totals dd').innerText !== '{requests}'");
        var asked = page.WaitForRequestAsync(request => request.Url.Contains("range=hour", StringComparison.Ordinal));
        await page.GetByLabel("1 hour").CheckAsync();
        await asked;
    }

    [Test]
    public async Task A_chart_shows_the_values_under_the_pointer()
    {
        var page = await OpenAsync();
        await Until(page, "document.querySelector('#charts .line')?.getAttribute('d').includes('L')");
        await page.Locator("#charts svg").First.HoverAsync();
        await Expect(page.Locator("#charts .reading.shown").First).ToContainTextAsync("requests");
        Assert.That(await page.Locator("#charts svg").First.GetAttributeAsync("aria-label"),
            Does.Match("Requests per second\\. requests: now .+, at most .+; refused: now"));
    }

    [Test]
    public async Task The_search_filters_both_tables()
    {
        var page = await OpenAsync();
        await Until(page, "document.querySelectorAll('#players tbody tr').length >= 5");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("SCRIPT");
        await Expect(page.Locator("#players tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#players .note")).ToContainTextAsync("1 of ");
        await Expect(page.Locator("#games .note")).ToContainTextAsync("0 of 30 games match");
        await page.Locator("#players-search").FillAsync(HostilePool.ToUpperInvariant());
        await Expect(page.Locator("#players tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#players tbody td").Nth(2)).ToHaveTextAsync(HostilePool);
        await page.Locator("#players-search").FillAsync("load-");
        await Expect(page.Locator("#games tbody tr")).ToHaveCountAsync(30);
        await page.Locator("#players-search").FillAsync("");
        await page.Locator("#rows").SelectOptionAsync("25");
        await Expect(page.Locator("#games tbody tr")).ToHaveCountAsync(25);
        await Expect(page.Locator("#games .note")).ToContainTextAsync("30 games; 25 shown");
    }

    [Test]
    public async Task A_column_button_sorts_ascending_and_descending()
    {
        var page = await OpenAsync();
        await Expect(page.Locator("#players tbody tr")).Not.ToHaveCountAsync(0);
        await page.Locator("#players-search").FillAsync("nobody else");
        await Expect(page.Locator("#players tbody tr")).ToHaveCountAsync(5);
        var button = page.Locator("#players thead button").First;
        await button.ClickAsync();
        await Expect(page.Locator("#players thead th").First).ToHaveAttributeAsync("aria-sort", "ascending");
        var rising = await page.Locator("#players tbody th").AllInnerTextsAsync();
        await button.ClickAsync();
        await Expect(page.Locator("#players thead th").First).ToHaveAttributeAsync("aria-sort", "descending");
        var falling = await page.Locator("#players tbody th").AllInnerTextsAsync();
        Assert.That(falling, Is.EqualTo(rising.Reverse()).And.Not.EqualTo(rising));
    }

    [Test]
    public async Task Hostile_names_and_pools_are_text_and_stay_in_their_cell()
    {
        var page = await _browser.NewPageAsync();
        var dialogs = 0;
        page.Dialog += (_, dialog) =>
        {
            dialogs++;
            _ = dialog.DismissAsync();
        };
        await page.GotoAsync($"http://localhost:{AdminPort}/status");
        await page.Locator("#players-search").FillAsync("nobody else");
        await Expect(page.Locator("#players tbody tr")).ToHaveCountAsync(5);
        var names = await page.Locator("#players tbody th").AllTextContentsAsync();
        Assert.That(names, Does.Contain(Markup).And.Contain(Image).And.Contain("·desrever"));
        var pools = await page.Locator("#players tbody td:nth-child(4)").AllTextContentsAsync();
        Assert.That(pools, Is.EquivalentTo([HostilePool, WidePool, "–", "–", "–"]));
        Assert.That(await page.Locator("#players img, #players b").CountAsync(), Is.Zero);
        Assert.That(await page.Locator("script").CountAsync(), Is.EqualTo(1));
        var heights = await page.EvaluateAsync<double[]>(
            "[...document.querySelectorAll('#players tbody tr')].map(row => row.offsetHeight)");
        // The last row has no border.
        Assert.That(heights.Max() - heights.Min(), Is.LessThanOrEqualTo(1), "no name makes its row taller");
        Assert.That(dialogs, Is.Zero);
    }

    [Test]
    public async Task No_other_host_is_requested()
    {
        var page = await _browser.NewPageAsync();
        var requested = new List<string>();
        page.Request += (_, request) => requested.Add(new Uri(request.Url).Authority);
        await page.GotoAsync($"http://localhost:{AdminPort}/");
        await Until(page, "document.querySelectorAll('#players tbody tr').length > 0");
        Assert.That(requested, Has.Count.GreaterThan(5));
        Assert.That(requested.Distinct(), Is.EqualTo([$"localhost:{AdminPort}"]));
    }

    [Test]
    public async Task It_reports_an_unreachable_server_and_recovers_by_itself()
    {
        var port = Ports.Next();
        await using var browser = await Browser.StartAsync();
        IPage page;
        await using (await ServerChild.StartAsync("--admin-port", $"{port}"))
        {
            page = await browser.OpenAsync(new Uri($"http://localhost:{port}/status"));
            await Until(page, "document.title.startsWith('● 0 games')");
        }

        await Until(page, "/^No answer since \\d/.test(document.getElementById('headline').innerText)");
        Assert.That(await page.TitleAsync(), Is.EqualTo("✕ no answer – TurnServer"));
        await using var again = await ServerChild.StartAsync("--admin-port", $"{port}");
        await Until(page, "document.title.startsWith('● 0 games')");
        await Expect(page.Locator("#headline")).ToHaveTextAsync("All is well");
    }

    [TestCase("light", 1280, 900)]
    [TestCase("dark", 1280, 900)]
    [TestCase("light", 390, 844)]
    [TestCase("dark", 390, 844)]
    [TestCase("light", 320, 640)]
    public async Task It_fits_the_screen_in_either_scheme(string scheme, int width, int height)
    {
        var page = await OpenAsync(new BrowserNewContextOptions(width < 640 ? Phone : new BrowserNewContextOptions())
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
        });
        await Until(page, "document.querySelectorAll('#games tbody tr').length === 30");
        Assert.That(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(width));
        var overlaps = await page.EvaluateAsync<string[]>("""
            [...document.querySelectorAll('.tile, .card, figure')].flatMap(box => {
                const frame = box.getBoundingClientRect();
                return [...box.querySelectorAll('dt, dd, h3, .note, .legend, .figure')]
                    .filter(part => part.getBoundingClientRect().right > frame.right + 0.5)
                    .map(part => part.textContent);
            })
            """);
        Assert.That(overlaps, Is.Empty, "nothing overflows its box");
        var background = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        var light = int.Parse(Regex.Match(background, "\\d+").Value, CultureInfo.InvariantCulture);
        Assert.That(light, scheme == "dark" ? Is.LessThan(64) : Is.GreaterThan(192));
    }

    [Test]
    public async Task Everything_can_be_done_by_keyboard()
    {
        var page = await OpenAsync();
        await Until(page, "document.querySelectorAll('#games tbody tr').length > 0");
        var reached = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            reached.Add(await page.EvaluateAsync<string>("""
                (document.activeElement.id || document.activeElement.name || document.activeElement.innerText
                    || document.activeElement.className).trim()
                """));
        }

        Assert.That(reached, Does.Contain("pause").And.Contain("range").And.Contain("players-search")
            .And.Contain("rows").And.Contain("Status").And.Contain("Backlog").And.Contain("status.json"));
        await page.Locator("#games thead button", new PageLocatorOptions { HasText = "Backlog" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#games th[aria-sort=descending]")).ToContainTextAsync("Backlog");
        await page.Keyboard.PressAsync("p");
        await Expect(page.Locator("#pause")).ToHaveAttributeAsync("aria-pressed", "true");
        await Expect(page.Locator("#refreshed")).ToContainTextAsync("As of ");
        await page.Keyboard.PressAsync("p");
        await Expect(page.Locator("#pause")).ToHaveAttributeAsync("aria-pressed", "false");
    }

    [Test]
    public async Task A_hidden_page_does_not_refresh_until_it_is_visible()
    {
        var page = await OpenAsync();
        await Until(page, "document.querySelectorAll('#games tbody tr').length > 0");
        await page.EvaluateAsync("""
            Object.defineProperty(document, "hidden", { configurable: true, get: () => window.isHidden });
            window.isHidden = true;
            document.dispatchEvent(new Event("visibilitychange"));
            """);
        var asked = 0;
        page.Request += (_, _) => Interlocked.Increment(ref asked);
        // In the browser's time: two refreshes would have happened.
        await page.EvaluateAsync("new Promise(done => setTimeout(done, 4500))");
        Assert.That(Volatile.Read(ref asked), Is.Zero);
        await page.EvaluateAsync("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'));");
        await TestWait.UntilAsync(() => Volatile.Read(ref asked) > 0, "it refreshes again");
    }

    private static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    // Playwright's own wait evaluates strings in the page, which the page's policy forbids.
    private static async Task Until(IPage page, string condition)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await page.EvaluateAsync<bool>($"Boolean({condition})"))
        {
            if (Stopwatch.GetElapsedTime(startedAt) > 2 * TestWait.Timeout)
                Assert.Fail($"Timed out waiting until {condition}: {await page.Locator("body").InnerTextAsync()}");
            await Task.Delay(LookInterval);
        }
    }

    private Task<IPage> OpenAsync(BrowserNewContextOptions? options = null) =>
        _browser.OpenAsync(new Uri($"http://localhost:{AdminPort}/status"), options);
}
