using BenchmarkDotNet.Attributes;
using Prometheus;
using TurnServer.Actor;
using TurnServer.Http;
using TurnServer.Protocol;

namespace TurnServer.Bench.Http;

/// <summary>All that is counted for one request on the HTTP side: the reply and the time it took.</summary>
[MemoryDiagnoser]
public class MetersBenchmarks
{
    private const int Many = 64;

    private readonly HttpMeters _meters = new(new CollectorRegistry());
    private readonly WireReply _reply = WireReply.Of(Reply.Ok(ReplyCode.GameNoData));
    private readonly TimeSpan _elapsed = TimeSpan.FromMicroseconds(12);

    [Benchmark(OperationsPerInvoke = Many)]
    public void CountAnUpdate()
    {
        for (var i = 0; i < Many; i++)
            _meters.Answered(Symbol.GameUpdate, _reply, _elapsed);
    }
}
