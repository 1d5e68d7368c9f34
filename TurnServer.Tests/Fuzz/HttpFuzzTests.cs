using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>
/// Inputs of a fixed seed against a server process: it goes on, logs no bug, answers whole requests as they should be,
/// loses none of the honest players' turns, and in the end has nothing left of it all.
/// </summary>
[NonParallelizable]
[Category("Process")]
internal sealed class HttpFuzzTests
{
    private const ulong Seed = 4_711;

    // Of 13 KB, as the listener leaks for each where nothing is done about it, some thousands are more.
    private const long GrowthBytesMax = 48L * 1024 * 1024;

    // Of the honest pair: each holds one reply and may send beside it.
    private const int PairConnectionsMax = 4;

    // The count of connections is a moment older than that of sockets; and the collector has to come round to some.
    private const int SocketsMore = 8;

    [Test]
    public Task Server_ThatIsSentManyInputs_BearsThem() => FuzzAsync(Seed, 5_000);

    [Test, Category("Slow")]
    public Task Server_ThatIsSentHundredsOfThousandsOfInputs_BearsThem() => FuzzAsync(Seed + 1, 300_000);

    [Test]
    public void Inputs_OfASeed_AreTheSameAndComeBackFromTheirText()
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
        // Warms it up: what it takes for good, it takes now.
        await RunAsync(server, pair, SeededRandom.Derive(seed, 1), count / 4);
        var before = await LeftAsync(server, PairConnectionsMax, int.MaxValue);
        var residentBefore = server.Child.ResidentBytes;
        await RunAsync(server, pair, seed, count - (count / 4));

        var turns = pair.Turns;
        await TestWait.UntilAsync(() => pair.Turns > turns || pair.HasFailed, "the honest players play on");
        Assert.That(await pair.StopAsync(), Is.Null, $"seed {seed}");
        await pair.DisposeAsync();
        await LeftAsync(server, connectionsMax: 0, before + SocketsMore);
        var grown = server.Child.ResidentBytes - residentBefore;
        await TestContext.Out.WriteLineAsync(
            $"{turns} honest turns; memory grew from {residentBefore / 1024} KB by {grown / 1024}");
        Assert.That(grown, Is.LessThan(GrowthBytesMax), $"seed {seed}");
    }

    private static async Task RunAsync(FuzzedServer server, HonestPair pair, ulong seed, ulong count)
    {
        var fuzzer = new HttpFuzzer(server, seed, count);
        if (await fuzzer.RunAsync() is { } wrong)
            Assert.Fail(await HttpFinding.DescribeAsync(seed, wrong, fuzzer.Suspects));
        Assert.That(fuzzer.Answered, Is.GreaterThan(count * 0.3));
        Assert.That(pair.HasFailed ? await pair.StopAsync() : null, Is.Null, $"seed {seed}");
    }

    // Waits until hardly anybody is connected any more: a connection that is closed is counted until the server has come
    // round to it. Returns how many sockets there are beside those.
    private static async Task<int> LeftAsync(FuzzedServer server, int connectionsMax, int socketsMax)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var left = await server.CountAsync();
            if (left.Connections <= connectionsMax && left.InProgress <= connectionsMax
                && left.Sockets <= socketsMax)
            {
                return left.Sockets - (int)left.Connections;
            }

            if (patience.Elapsed > TestWait.Timeout)
                Assert.Fail($"This is left: {left}, of at most {socketsMax} sockets.");
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }
}
