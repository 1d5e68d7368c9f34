using Microsoft.Playwright;

namespace TurnServer.Tests.Support;

/// <summary>
/// The system's Chromium, headless, driven by Playwright. One per fixture; each page has its own profile, as if it were
/// on another phone.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Switches =
    [
        "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
        // No requests to any other host.
        "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-features=Translate,OptimizationHints,MediaRouter",
    ];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly List<string> _errors = [];

    private Browser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Uncaught exceptions and console errors of its pages so far.</summary>
    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_errors)
                return [.. _errors];
        }
    }

    /// <summary>Starts Chromium; ends the test if it is not installed.</summary>
    /// <param name="switches">Additional command-line switches.</param>
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

    /// <summary>An empty page in a new profile.</summary>
    /// <param name="options">Size, colour scheme and so on; null: 1280 by 720, light.</param>
    public async Task<IPage> NewPageAsync(BrowserNewContextOptions? options = null)
    {
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(Milliseconds(TestWait.Timeout));
        var page = await context.NewPageAsync();
        page.PageError += (_, error) => Note(error);
        page.Console += (_, message) =>
        {
            // Chromium requests an icon that no test site has.
            if (message.Type == "error" && !message.Location.Contains("/favicon.ico", StringComparison.Ordinal))
                Note(message.Text);
        };
        return page;
    }

    /// <summary>Opens this address in a new profile.</summary>
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

    private void Note(string error)
    {
        lock (_errors)
            _errors.Add(error);
    }
}
