using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>
/// Inputs from a fixed seed against a server process. It must keep running, log no bug, answer complete requests
/// correctly, lose no turn of two well-behaved players, and release all resources.
/// </summary>
[NonParallelizable]
[Category("Process")]
internal sealed class HttpFuzzTests
{
    private const ulong Seed = 4_711;

    // Without the workaround, HttpListener would leak 13 KB per input.
    private const long GrowthBytesMax = 48L * 1024 * 1024;

    // Two per well-behaved player: one with a held reply, one to send.
    private const int PairConnectionsMax = 4;

    // Connections and sockets are not counted at the same time, and some sockets wait for the garbage collector.
    private const int SocketsTolerance = 8;

    [Test]
    public Task Server_AfterManyInputs_StaysHealthy() => FuzzAsync(Seed, 5_000);

    [Test, Category("Slow")]
    public Task Server_AfterHundredsOfThousandsOfInputs_StaysHealthy() => FuzzAsync(Seed + 1, 300_000);

    [Test]
    public void Draw_WithTheSameSeed_GivesTheSameInputs_WhichSurviveARoundTripAsText()
    {
        for (var i = 0UL; i < 500; i++)
        {
            var input = HttpInputs.Draw(new SeededRandom(SeededRandom.Derive(Seed, i)));
            var again = HttpInputs.Draw(new SeededRandom(SeededRandom.Derive(Seed, i)));
            Assert.That($"{again}", Is.EqualTo($"{input}"));
            Assert.That($"{HttpInput.Parse($"{input}")}", Is.EqualTo($"{input}"));
        }
    }

    private static async Task FuzzAsync(ulong seed, ulong count)
    {
        await using var server = await FuzzedServer.StartAsync();
        await using var pair = await HonestPair.StartAsync(server.Child);
        // Warms the server up, so that memory it keeps is allocated.
        await RunAsync(server, pair, SeededRandom.Derive(seed, 1), count / 4);
        var before = await WaitForCleanUpAsync(server, PairConnectionsMax, int.MaxValue);
        var residentBefore = server.Child.ResidentBytes;
        await RunAsync(server, pair, seed, count - (count / 4));

        var turns = pair.Turns;
        await TestWait.UntilAsync(() => pair.Turns > turns || pair.HasFailed, "the well-behaved players play on");
        Assert.That(await pair.StopAsync(), Is.Null, $"seed {seed}");
        await pair.DisposeAsync();
        await WaitForCleanUpAsync(server, connectionsMax: 0, before + SocketsTolerance);
        var grown = server.Child.ResidentBytes - residentBefore;
        await TestContext.Out.WriteLineAsync(
            $"{turns} turns of well-behaved players; RSS grew from {residentBefore / 1024} KiB by {grown / 1024} KiB");
        Assert.That(grown, Is.LessThan(GrowthBytesMax), $"seed {seed}");
    }

    private static async Task RunAsync(FuzzedServer server, HonestPair pair, ulong seed, ulong count)
    {
        var fuzzer = new HttpFuzzer(server, seed, count);
        if (await fuzzer.RunAsync() is { } failure)
            Assert.Fail(await HttpFinding.DescribeAsync(seed, failure, fuzzer.Suspects));
        Assert.That(fuzzer.Answered, Is.GreaterThan(count * 0.3));
        Assert.That(pair.HasFailed ? await pair.StopAsync() : null, Is.Null, $"seed {seed}");
    }

    // Waits until the fuzzer's closed connections are no longer counted. Returns the number of other sockets.
    private static async Task<int> WaitForCleanUpAsync(FuzzedServer server, int connectionsMax, int socketsMax)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var left = await server.CountAsync();
            if (left.Connections <= connectionsMax && left.InProgress <= connectionsMax
                && left.Sockets <= socketsMax)
            {
                return left.Sockets - (int)left.Connections;
            }

            if (watch.Elapsed > TestWait.Timeout)
                Assert.Fail($"Resources not released: {left}, at most {socketsMax} sockets expected.");
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }
}
