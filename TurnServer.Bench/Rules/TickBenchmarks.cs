using BenchmarkDotNet.Attributes;

namespace TurnServer.Bench.Rules;

/// <summary>Measures the cost of timeouts for each message when none is due.</summary>
[MemoryDiagnoser]
public class TickBenchmarks : PopulationBenchmarks
{
    private protected override void Populate(Population population) =>
        population.AddStrangers(Players);

    [Benchmark]
    public int NothingDue() => Population.Table.Tick(Population.Now).Length;
}
