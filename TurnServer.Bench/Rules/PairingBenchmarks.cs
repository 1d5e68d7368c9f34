using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Rules;

/// <summary>
/// Two players register, pair and leave: five requests, while others wait. Goal: with 100 000 others at most 1.2 times
/// the time with 100.
/// </summary>
[MemoryDiagnoser]
public class PairingBenchmarks : PopulationBenchmarks
{
    private static readonly byte[] Stranger = "0,somebody,*,*,*"u8.ToArray();
    private static readonly byte[] Ada = "0,Ada,*,Grace,*"u8.ToArray();
    private static readonly byte[] Grace = "0,Grace,*,Ada,*"u8.ToArray();

    // Each waits for a named partner that never comes.
    private protected override void Populate(Population population) =>
        population.AddUnmatched(Players);

    [Benchmark]
    public Reply PairStrangers() => PairAndLeave(Stranger, Stranger);

    [Benchmark]
    public Reply PairNamed() => PairAndLeave(Ada, Grace);

    private Reply PairAndLeave(byte[] one, byte[] other)
    {
        var first = Population.Send(Inputs.Parse(one), one).Key;
        var second = Population.Send(Inputs.Parse(other), other).Key;
        var paired = Population.Send(new TurnRequest { Symbol = Symbol.RequestPair, Key = first }, one);
        if (paired.Code != ReplyCode.StartServer)
            throw new InvalidOperationException("The players were not paired.");
        Population.Send(new TurnRequest { Symbol = Symbol.Unregister, Key = first }, one);
        return Population.Send(new TurnRequest { Symbol = Symbol.Unregister, Key = second }, other);
    }
}
