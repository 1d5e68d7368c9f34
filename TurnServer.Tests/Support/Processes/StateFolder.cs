using System.Runtime.InteropServices;
using TurnServer.Actor;
using TurnServer.Journal;
using TurnServer.Journal.Disk;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>A temporary state directory and the servers that use it one after the other.</summary>
internal sealed class StateFolder() : TempFolder("turnserver-state-")
{
    /// <summary>Name and content of each file, for comparing a directory before and after.</summary>
    public static string[] Contents(string path) => [.. Directory.GetFiles(path).Order(StringComparer.Ordinal)
        .Select(file => $"{file} {Convert.ToHexString(File.ReadAllBytes(file))}")];

    /// <summary>Starts a server on this port and waits until it listens.</summary>
    /// <param name="port">The port of the server before, so that clients find this one.</param>
    /// <param name="sync">The value of <c>--state-sync</c>.</param>
    /// <param name="flags">Further flags.</param>
    public Task<ServerChild> StartAsync(int port, string sync = "batch", params string[] flags) =>
        StartProgramAsync(ServerProgram.Words, port, ["--state-sync", sync, .. flags]);

    /// <summary>As <see cref="StartAsync"/>, with any build of the server.</summary>
    public async Task<ServerChild> StartProgramAsync(IReadOnlyList<string> words, int port, params string[] flags)
    {
        var server = ServerChild.LaunchProgram([.. words, "--port", $"{port}", "--state", Path, .. flags], null, port);
        await server.WaitUntilListeningAsync();
        return server;
    }

    /// <summary>Opens or creates the state, and leaves it as a killed server would.</summary>
    public void WriteUnfinished(JournalOptions options)
    {
        using var directory = StateDirectory.Acquire(Path);
        using var store = StateStore.Open(directory, options, new StateSettings(new RulesOptions(), false),
            _ => new SequentialKeySource());
        store.Begin();
    }

    /// <summary>Stops a server by SIGTERM; fails the test unless it exits with 0.</summary>
    public static async Task StopAsync(ServerChild server)
    {
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
    }
}
