namespace TurnServer.Tests.Support;

/// <summary>Tests that have a new state directory each.</summary>
public abstract class StateFixture
{
    private protected StateFolder State { get; private set; } = null!;

    [SetUp]
    public void CreateState() => State = new StateFolder();

    [TearDown]
    public void DeleteState() => State.Dispose();
}
