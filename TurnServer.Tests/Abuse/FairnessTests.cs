using System.Diagnostics;
using System.Globalization;
using TurnServer.Bench.Load;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// One address floods the server through a reverse proxy while others play. Passes only with <c>AddressLimiter</c> and
/// <c>RefusalDelay</c>.
/// </summary>
[Category("Slow"), NonParallelizable]
[Category("Process")]
internal sealed class FairnessTests
{
    private const double RefusalSecondsMin = 0.5;

    // The default of --requests-per-second; bursts are twice that.
    private const int RequestsPerSecond = 1000;

    // The goal is twice the quiet p99, but on a busy machine both vary too much to assert that: the ratio is printed.
    // Asserted is how little the flood achieves; this bound only shows that the others still play.
    private const double FloodedMilliseconds = 100;

    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(4);

    // While the flooder connects and uses up its burst.
    private static readonly TimeSpan Onset = TimeSpan.FromSeconds(1);

    [TestCase(64)]
    [TestCase(1000)]
    public async Task Only_the_flooding_address_is_slowed_down(int connections)
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
            + $"{others / seconds:0} accepted, server {used.TotalSeconds / seconds:0.00} cores; others' turns, quiet: "
            + $"p50 {quiet.Median:0.00} ms, p99 {quiet.P99:0.00}; flooded: {flooded.Median:0.00}, "
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
