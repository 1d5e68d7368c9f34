using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Rules;

/// <summary>
/// One update: accepts a turn and delivers the partner's. Goal: under 300 ns without allocations, and with 100 000
/// players at most 1.2 times the time with 100.
/// </summary>
[MemoryDiagnoser]
public class UpdateBenchmarks : PopulationBenchmarks
{
    private PlayingSeat[] _seats = null!;

    private protected override void Populate(Population population)
    {
        population.AddStrangers(Players);
        _seats = population.AddGames(1);
    }

    /// <summary>Updates of one game, which stays in the caches.</summary>
    [Benchmark(OperationsPerInvoke = 2)]
    public Reply OneHotGame()
    {
        Population.Send(_seats[0].NextUpdate(), Inputs.Update);
        return Population.Send(_seats[1].NextUpdate(), Inputs.Update);
    }
}
