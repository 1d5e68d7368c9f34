namespace TurnServer.Tests.Support;

/// <summary>Tests that share one server process: it runs from before the first to after the last of them.</summary>
/// <param name="flags">The server's flags.</param>
[Category("Process")]
public abstract class ServerFixture(params string[] flags)
{
    private protected ServerChild Server { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartServer() => Server = await ServerChild.StartAsync(flags);

    [OneTimeTearDown]
    public async Task StopServer() => await (Server?.DisposeAsync() ?? default);
}

/// <summary>A <see cref="ServerFixture"/> with an admin port.</summary>
public abstract class AdminFixture : ServerFixture
{
    /// <param name="flags">The server's flags without <c>--admin-port</c>.</param>
    protected AdminFixture(params string[] flags)
        : this(Ports.Next(), flags)
    {
    }

    private AdminFixture(int adminPort, string[] flags)
        : base(["--admin-port", $"{adminPort}", .. flags]) => AdminPort = adminPort;

    private protected int AdminPort { get; }
}
