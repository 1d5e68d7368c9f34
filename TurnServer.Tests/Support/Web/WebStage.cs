using System.Text.Json;
using Microsoft.Playwright;

namespace TurnServer.Tests.Support;

/// <summary>A server, a site of another origin with the web client, and a browser.</summary>
internal sealed class WebStage : IAsyncDisposable
{
    private WebStage(ServerChild server, Browser browser)
    {
        Server = server;
        Browser = browser;
    }

    public ServerChild Server { get; }

    public Browser Browser { get; }

    public PageServer Site { get; } = new();

    public static async Task<WebStage> StartAsync(params string[] flags)
    {
        var browser = await Browser.StartAsync();
        return new WebStage(await ServerChild.StartAsync(flags), browser);
    }

    /// <summary>Opens the site in a new profile; the client's exports are globals of the page.</summary>
    /// <param name="before">A script that runs before the page's own.</param>
    public async Task<IPage> OpenAsync(string? before = null)
    {
        var page = await Browser.NewPageAsync();
        if (before is not null)
            await page.AddInitScriptAsync(before);
        await page.GotoAsync(Site.Url.ToString());
        await page.WaitForFunctionAsync("() => window.play");
        return page;
    }

    /// <summary>Reloads a page. Its storage is kept.</summary>
    public static async Task ReloadAsync(IPage page)
    {
        await page.ReloadAsync();
        await page.WaitForFunctionAsync("() => window.play");
    }

    /// <summary>Runs a function in a page and returns its result, text or a list of texts.</summary>
    public static async Task<string[]> RunAsync(IPage page, string script, object argument)
    {
        var outcome = await page.EvaluateAsync<JsonElement>(script, argument).WaitAsync(3 * TestWait.Timeout);
        return outcome.ValueKind == JsonValueKind.Array
            ? [.. outcome.EnumerateArray().Select(part => part.ToString())]
            : [outcome.ToString()];
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        Site.Dispose();
        await Server.DisposeAsync();
    }
}

/// <summary>Tests of the web client that share one server, site and browser per fixture.</summary>
/// <param name="flags">The server's flags.</param>
public abstract class WebFixture(params string[] flags)
{
    private protected WebStage Stage { get; private set; } = null!;

    private protected string Url => Stage.Server.Url.ToString();

    [OneTimeSetUp]
    public async Task StartStage() => Stage = await WebStage.StartAsync(flags);

    [OneTimeTearDown]
    public async Task StopStage() => await (Stage?.DisposeAsync() ?? default);
}
