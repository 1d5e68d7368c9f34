using Microsoft.Playwright;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Demo;

/// <summary>Somebody at the demo's page, on a phone of their own, who finds everything by its role and label.</summary>
internal sealed class DemoPlayer
{
    public const int Width = 360;

    private DemoPlayer(IPage page) => Page = page;

    public IPage Page { get; }

    public static async Task<DemoPlayer> OpenAsync(Browser browser, Uri url) =>
        new(await browser.OpenAsync(url, new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = Width, Height = 640 },
            ReducedMotion = ReducedMotion.Reduce,
        }));

    /// <summary>Types the name and presses a button of the first view.</summary>
    public async Task JoinAsync(string name, string button)
    {
        await Page.GetByRole(AriaRole.Textbox, new() { Name = "Your name" }).FillAsync(name);
        await PressAsync(button);
    }

    public Task PressAsync(string button) => Button(button).ClickAsync();

    public Task SeeButtonAsync(string button) => Button(button).WaitForAsync();

    public Task SeeHeadingAsync(string heading) => Heading(heading).WaitForAsync();

    public Task<bool> HasHeadingAsync(string heading) => Heading(heading).IsVisibleAsync();

    /// <summary>Waits until this text is shown, or announced, in the element with this id.</summary>
    public Task SeeAsync(string id, string text) =>
        Page.Locator($"#{id}").Filter(new() { HasText = text }).WaitForAsync();

    public async Task TypeAsync(string word)
    {
        var field = Page.GetByRole(AriaRole.Textbox, new() { Name = "Your word" });
        await field.FillAsync(word);
        await field.PressAsync("Enter");
    }

    /// <summary>Waits until the chain has these words, as a screen reader says them.</summary>
    public async Task SeeWordsAsync(params string[] words)
    {
        var items = Page.Locator("#chain").GetByRole(AriaRole.Listitem);
        await items.Nth(words.Length - 1).WaitForAsync();
        var spoken = await Page.Locator("#chain .unseen").AllTextContentsAsync();
        Assert.That(spoken, Is.EqualTo(words));
    }

    /// <summary>Asserts that the page needs no scrolling sideways.</summary>
    public async Task FitsAsync() => Assert.That(
        await Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(Width));

    private ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private ILocator Heading(string name) => Page.GetByRole(AriaRole.Heading, new() { Name = name });
}
