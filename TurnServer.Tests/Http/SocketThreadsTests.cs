using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>How many threads wait for the events of sockets.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class SocketThreadsTests
{
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    [TestCase(1, null, 1)]
    [TestCase(2, null, 1)]
    [TestCase(8, null, 4)]
    [TestCase(2, "3", 3)]
    public async Task There_is_one_for_every_two_cores_unless_the_variable_is_set(int cores, string? set, int threads)
    {
        // .NET reads it in hexadecimal.
        var environment = new Dictionary<string, string> { ["DOTNET_PROCESSOR_COUNT"] = $"{cores:x}" };
        if (set is not null)
            environment.Add(Variable, set);
        var port = Ports.Next();
        await using var server = ServerChild.Launch([], environment, port, ["--port", $"{port}"]);
        await server.WaitUntilListeningAsync();
        Assert.That(server.ThreadNames.Count(name => name == ".NET Sockets"), Is.EqualTo(threads));
    }
}
