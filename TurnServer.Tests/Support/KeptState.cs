using System.Runtime.InteropServices;

namespace TurnServer.Tests.Support;

/// <summary>A folder for a server's state, and the servers that are started on it one after the other.</summary>
internal sealed class KeptState : IDisposable
{
    /// <summary>The folder's path.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("turnserver-state-").FullName;

    /// <summary>Starts a server on this port, as the one before, and waits until it listens.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="sync">As <c>--state-sync</c> has it.</param>
    /// <param name="flags">What else it is told.</param>
    public async Task<ServerChild> StartAsync(int port, string sync = "batch", params string[] flags)
    {
        var server = ServerChild.LaunchProgram(
            [.. ServerProgram.Words, "--port", $"{port}", "--state", Folder, "--state-sync", sync, .. flags],
            null, port);
        await server.ListensAsync();
        return server;
    }

    /// <summary>Stops a server in order; fails the test when it does not end well.</summary>
    public static async Task StopAsync(ServerChild server)
    {
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
