using BenchmarkDotNet.Attributes;

namespace TurnServer.Bench.Rules;

/// <summary>The cost of timeouts for each message when none is due.</summary>
[MemoryDiagnoser]
public class TickBenchmarks
{
    private Population _population = null!;

    /// <summary>Waiting players.</summary>
    [Params(100, 10_000, 100_000)]
    public int Players { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _population = new Population(Inputs.Options);
        _population.AddStrangers(Players);
    }

    [Benchmark]
    public int NothingDue() => _population.Table.Tick(_population.Now).Length;
}
