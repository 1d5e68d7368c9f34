using System.Runtime.InteropServices;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The sync system calls of a server from start to stop, for each fsync policy.</summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class SyncCallsTests
{
    private const string SyncCalls = "fsync,fdatasync,msync,sync,syncfs,sync_file_range";

    [TestCase("none", new string[0])]
    [TestCase("batch", new[] { "fsync", "msync" })]
    [TestCase("always", new[] { "fdatasync", "fsync" })]
    public async Task The_fsync_policy_decides_the_sync_calls(string sync, string[] calls)
    {
        using var state = new StateFolder();
        using var folder = new TempFolder("turnserver-trace-");
        var trace = folder.PathOf("trace");
        // -D: the tracer is the server's child, so that signals reach the server.
        string[] tracer = [Tool.Require("strace"), "-D", "-f", "-qq", "--seccomp-bpf", "-e", $"trace={SyncCalls}", "-o",
            trace];
        await using (var server = await ServerChild.StartUnderAsync(tracer, "--state", state.Path, "--state-sync",
            sync))
        {
            await using var game = await LongGame.StartAsync(server.Port, "Synced");
            // Until a snapshot has replaced the first segment.
            var first = Path.Combine(state.Path, StateFileNames.Segment(1));
            while (File.Exists(first))
                await game.TurnAsync();
            server.Signal(PosixSignal.SIGTERM);
            Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
        }

        var made = File.ReadLines(trace).Select(NameOfCall).OfType<string>().Distinct().Order();
        Assert.That(made, Is.EqualTo(calls));
    }

    // "4711 msync(0x7f…, 8388608, MS_SYNC) = 0"; a call interrupted by another thread has a second line. A thread that
    // ends just as it stops for the tracer has the line "4711 ???( <unfinished ...>".
    private static string? NameOfCall(string line)
    {
        var call = line.TrimStart("0123456789 ".ToCharArray());
        return call.IndexOfAny(['<', '+', '-', '?']) == 0 ? null : call.Split('(')[0];
    }
}
