using BenchmarkDotNet.Attributes;

namespace TurnServer.Bench.Rules;

/// <summary>Benchmarks of a table with many waiting players.</summary>
public abstract class PopulationBenchmarks
{
    /// <summary>Waiting players.</summary>
    [Params(100, 10_000, 100_000)]
    public int Players { get; set; }

    private protected Population Population { get; private set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        Population = new Population(Inputs.Options);
        Populate(Population);
    }

    private protected abstract void Populate(Population population);
}
