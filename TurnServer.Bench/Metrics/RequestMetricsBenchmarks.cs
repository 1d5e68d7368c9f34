using BenchmarkDotNet.Attributes;
using TurnServer.Actor;
using TurnServer.Metrics;
using TurnServer.Protocol;

namespace TurnServer.Bench.Metrics;

/// <summary>What counting one request costs: its reply and the time that it took.</summary>
[MemoryDiagnoser]
public class RequestMetricsBenchmarks
{
    private const int Many = 64;

    private readonly RequestMetrics _metrics = new(new MetricsRegistry());
    private readonly WireReply _reply = WireReply.Of(Reply.Ok(ReplyCode.GameNoData));
    private readonly TimeSpan _elapsed = TimeSpan.FromMicroseconds(12);

    [Benchmark(OperationsPerInvoke = Many)]
    public void CountAnUpdate()
    {
        for (var i = 0; i < Many; i++)
            _metrics.Answered(Symbol.GameUpdate, _reply, _elapsed);
    }
}
