using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Rules;

/// <summary>
/// One update applied: a turn taken and the partner's handed out. Goal: under 300 ns, nothing allocated, and with
/// 100 000 players at most 1.2 times what it is with 100.
/// </summary>
[MemoryDiagnoser]
public class UpdateBenchmarks
{
    private Population _population = null!;
    private PlayingSeat[] _seats = null!;

    /// <summary>Registered players who wait.</summary>
    [Params(100, 10_000, 100_000)]
    public int Players { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _population = new Population(Inputs.Options);
        _population.AddStrangers(Players);
        _seats = _population.AddGames(1);
    }

    /// <summary>The same game again and again: what the rules compute.</summary>
    [Benchmark(OperationsPerInvoke = 2)]
    public Reply OneHotGame()
    {
        _population.Send(_seats[0].NextUpdate(), Inputs.Update);
        return _population.Send(_seats[1].NextUpdate(), Inputs.Update);
    }
}
