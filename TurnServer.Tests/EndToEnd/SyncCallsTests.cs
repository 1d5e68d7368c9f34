using System.Runtime.InteropServices;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>What the server asks the system to bring to the disk, from its start to its end.</summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class SyncCallsTests
{
    private const string SyncCalls = "fsync,fdatasync,msync,sync,syncfs,sync_file_range";

    [TestCase("none", new string[0])]
    [TestCase("batch", new[] { "fsync", "msync" })]
    [TestCase("always", new[] { "fdatasync", "fsync" })]
    public async Task Only_what_is_set_is_synced(string sync, string[] calls)
    {
        var trace = Path.GetTempFileName();
        using var state = new StateFolder();
        // The tracer is the server's child, so that signals reach the server.
        string[] tracer = [Tool.Require("strace"), "-D", "-f", "-qq", "--seccomp-bpf", "-e", $"trace={SyncCalls}", "-o",
            trace];
        await using (var server = await ServerChild.StartUnderAsync(tracer, "--state", state.Path, "--state-sync",
            sync))
        {
            await using var game = await LongGame.StartAsync(server.Port, "Synced");
            // Past the end of a segment, and until the full ones have become a snapshot.
            var first = Path.Combine(state.Path, StateFileNames.Segment(1));
            while (File.Exists(first))
                Assert.That(await game.TryTurnAsync());
            server.Signal(PosixSignal.SIGTERM);
            Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
        }

        var made = File.ReadLines(trace).Select(NameOfCall).OfType<string>().Distinct().Order();
        Assert.That(made, Is.EqualTo(calls));
        File.Delete(trace);
    }

    // "4711 msync(0x7f…, 8388608, MS_SYNC) = 0"; a call that another thread interrupts has a second line.
    private static string? NameOfCall(string line)
    {
        var call = line.TrimStart("0123456789 ".ToCharArray());
        return call.StartsWith('<') || call.StartsWith('+') || call.StartsWith('-') ? null : call.Split('(')[0];
    }
}
