using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Rules;

/// <summary>
/// Two players register, pair and leave: five requests, while others wait. Goal: with 100 000 others at most 1.2 times
/// the time with 100.
/// </summary>
[MemoryDiagnoser]
public class PairingBenchmarks
{
    private static readonly byte[] Stranger = "0,somebody,*,*,*"u8.ToArray();
    private static readonly byte[] Ada = "0,Ada,*,Grace,*"u8.ToArray();
    private static readonly byte[] Grace = "0,Grace,*,Ada,*"u8.ToArray();

    private Population _population = null!;

    /// <summary>Waiting players, each for a named partner that never comes.</summary>
    [Params(100, 10_000, 100_000)]
    public int Players { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _population = new Population(Inputs.Options);
        _population.AddUnmatched(Players);
    }

    [Benchmark]
    public Reply PairStrangers() => PairAndLeave(Stranger, Stranger);

    [Benchmark]
    public Reply PairNamed() => PairAndLeave(Ada, Grace);

    private Reply PairAndLeave(byte[] one, byte[] other)
    {
        var first = _population.Send(Inputs.Parse(one), one).Key;
        var second = _population.Send(Inputs.Parse(other), other).Key;
        var paired = _population.Send(new TurnRequest { Symbol = Symbol.RequestPair, Key = first }, one);
        if (paired.Code != ReplyCode.StartServer)
            throw new InvalidOperationException("The players were not paired.");
        _population.Send(new TurnRequest { Symbol = Symbol.Unregister, Key = first }, one);
        return _population.Send(new TurnRequest { Symbol = Symbol.Unregister, Key = second }, other);
    }
}
