using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Rules;

/// <summary>
/// One update: accepts a turn and delivers the partner's. Goal: under 300 ns without allocations, and with 100 000
/// players at most 1.2 times the time with 100.
/// </summary>
[MemoryDiagnoser]
public class UpdateBenchmarks
{
    private Population _population = null!;
    private PlayingSeat[] _seats = null!;

    /// <summary>Waiting players.</summary>
    [Params(100, 10_000, 100_000)]
    public int Players { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _population = new Population(Inputs.Options);
        _population.AddStrangers(Players);
        _seats = _population.AddGames(1);
    }

    /// <summary>Updates of one game, which stays in the caches.</summary>
    [Benchmark(OperationsPerInvoke = 2)]
    public Reply OneHotGame()
    {
        _population.Send(_seats[0].NextUpdate(), Inputs.Update);
        return _population.Send(_seats[1].NextUpdate(), Inputs.Update);
    }
}
