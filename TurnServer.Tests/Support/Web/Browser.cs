using Microsoft.Playwright;

namespace TurnServer.Tests.Support;

/// <summary>
/// A real browser without a window: the system's Chromium, driven by Playwright, which downloads none of its own. One
/// serves a whole fixture; each page has a profile of its own, as if it were on another phone.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Switches =
    [
        "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
        // Nothing but the pages of the tests is asked for anything.
        "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-features=Translate,OptimizationHints,MediaRouter",
    ];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly List<string> _complaints = [];

    private Browser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Errors that its pages have thrown, or written on their consoles, since the start.</summary>
    public IReadOnlyList<string> Complaints
    {
        get
        {
            lock (_complaints)
                return [.. _complaints];
        }
    }

    /// <summary>Starts Chromium; ends the test where there is none.</summary>
    /// <param name="switches">Command-line switches beside the usual ones.</param>
    public static async Task<Browser> StartAsync(params string[] switches)
    {
        var path = Tool.Require("chromium");
        var playwright = await Playwright.CreateAsync();
        try
        {
            return new Browser(playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
            {
                ExecutablePath = path,
                Args = [.. Switches, .. switches],
                Timeout = Milliseconds(3 * TestWait.Timeout),
            }));
        }
        catch
        {
            playwright.Dispose();
            throw;
        }
    }

    /// <summary>An empty page in a profile of its own.</summary>
    /// <param name="options">Size, colour scheme and the like; null: Playwright's own, 1280 by 720, light.</param>
    public async Task<IPage> NewPageAsync(BrowserNewContextOptions? options = null)
    {
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(Milliseconds(TestWait.Timeout));
        var page = await context.NewPageAsync();
        page.PageError += (_, error) => Note(error);
        page.Console += (_, message) =>
        {
            // Chromium asks every site for an icon; none has one, or it would not have to ask.
            if (message.Type == "error" && !message.Location.Contains("/favicon.ico", StringComparison.Ordinal))
                Note(message.Text);
        };
        return page;
    }

    /// <summary>The same, with the page of this address in it.</summary>
    public async Task<IPage> OpenAsync(Uri url, BrowserNewContextOptions? options = null)
    {
        var page = await NewPageAsync(options);
        await page.GotoAsync(url.ToString());
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private static float Milliseconds(TimeSpan time) => (float)time.TotalMilliseconds;

    private void Note(string complaint)
    {
        lock (_complaints)
            _complaints.Add(complaint);
    }
}
