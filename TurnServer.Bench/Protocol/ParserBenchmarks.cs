using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Protocol;

/// <summary>Goal: under 100 ns without allocations.</summary>
[MemoryDiagnoser]
public class ParserBenchmarks
{
    [Benchmark]
    public bool ParseUpdate() => RequestParser.TryParse(Inputs.Update, out _, out _);

    [Benchmark]
    public bool ParseRegister() => RequestParser.TryParse(Inputs.Register, out _, out _);
}
