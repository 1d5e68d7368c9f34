using System.Diagnostics;
using System.Globalization;
using TurnServer.Bench.Load;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// One address floods, behind a reverse proxy that names it; what the others notice. Passes only with
/// <c>AddressLimiter</c> and <c>RefusalDelay</c>.
/// </summary>
[Category("Slow"), NonParallelizable]
[Category("Process")]
internal sealed class FairnessTests
{
    private const double RefusalSecondsMin = 0.5;

    // The default of --requests-per-second, and twice that at once.
    private const int RequestsPerSecond = 1000;

    // Twice the quiet 99th percentile is what is aimed at; how near it comes is printed, as on a busy machine both are
    // a matter of luck. What is asserted is why: how little the flood gets. This only says that nobody is shut out.
    private const double FloodedMilliseconds = 100;

    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(4);

    // In which it connects, and uses up what it may send at once.
    private static readonly TimeSpan Onset = TimeSpan.FromSeconds(1);

    [TestCase(64)]
    [TestCase(1000)]
    public async Task One_address_that_floods_is_slowed_down_and_the_others_are_not(int connections)
    {
        await using var abused = await AbusedServer.StartBehindProxyAsync();
        var (server, pairs) = (abused.Server, abused.Pairs);
        var quiet = await MeasureAsync(pairs, Phase);
        var (cpu, startedAt) = (server.CpuTime, Stopwatch.GetTimestamp());
        using var flooder = new Flooder(server.Port, connections,
            RawHttp.Post("0,Flood,*,Nobody,token", "X-Forwarded-For: 203.0.113.9"));
        var onset = await MeasureAsync(pairs, Onset);
        var flooded = await MeasureAsync(pairs, Phase);
        var (refused, others, used) = (flooder.Refused, flooder.Others, server.CpuTime - cpu);
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        pairs.End();
        await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"one address floods on {connections} connections, each second {refused / seconds:0} requests refused, "
            + $"{others / seconds:0} taken, server {used.TotalSeconds / seconds:0.00} cores; others' turns, quiet: "
            + $"median {quiet.Median:0.00} ms, 99 % {quiet.P99:0.00}; flooded: {flooded.Median:0.00}, "
            + $"{flooded.P99:0.00}, ratio {flooded.P99 / quiet.P99:0.0}; in the first second {onset.P99:0.00}"));
        Assert.That(refused, Is.GreaterThan(0).And.LessThanOrEqualTo(connections * seconds / RefusalSecondsMin));
        Assert.That(others, Is.LessThanOrEqualTo((seconds + 2) * RequestsPerSecond));
        Assert.That(flooded.P99, Is.LessThan(Math.Max(4 * quiet.P99, FloodedMilliseconds)));
    }

    private static async Task<LatencySummary> MeasureAsync(HonestPairs pairs, TimeSpan time)
    {
        var latencies = pairs.Measure();
        await Task.Delay(time);
        return latencies.Summarize();
    }
}
