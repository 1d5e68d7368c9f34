namespace TurnServer.Tests.Support;

/// <summary>Tests of the client for web pages, with one server, site and browser for all of a fixture.</summary>
public abstract class WebFixture
{
    private protected WebStage Stage { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartStage() => Stage = await WebStage.StartAsync();

    [OneTimeTearDown]
    public async Task StopStage() => await (Stage?.DisposeAsync() ?? default);
}
