using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Protocol;

/// <summary>A reply allocates only its own bytes; a reply without data is shared.</summary>
[MemoryDiagnoser]
public class ReplyWriterBenchmarks
{
    private readonly Reply _turns = Reply.WithTurns(ReplyCode.GameData, Inputs.Turn);
    private readonly Reply _noData = Reply.Ok(ReplyCode.GameNoData);
    private readonly Reply _key = Reply.Registered(ProtocolLimits.KeyEnd - 1);

    [Benchmark]
    public byte[] WriteTurns() => ReplyWriter.ToBytes(_turns);

    [Benchmark]
    public byte[] WriteNoData() => ReplyWriter.ToBytes(_noData);

    [Benchmark]
    public byte[] WriteKey() => ReplyWriter.ToBytes(_key);
}
