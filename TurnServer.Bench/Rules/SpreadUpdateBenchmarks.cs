using BenchmarkDotNet.Attributes;
using TurnServer.Protocol;

namespace TurnServer.Bench.Rules;

/// <summary>
/// Updates of all games in random order. The rules do the same work as for one hot game; the additional time with more
/// games is cache misses on seats, buffers, heap and dictionary entries.
/// </summary>
[MemoryDiagnoser]
public class SpreadUpdateBenchmarks : PopulationBenchmarks
{
    private const int Turns = 1000;

    private PlayingSeat[] _seats = null!;
    private int _next;

    private protected override void Populate(Population population)
    {
        population.AddStrangers(Players);
        _seats = population.AddGames(Players / 2);
        new Random(20).Shuffle(_seats);
        _next = 0;
    }

    [Benchmark(OperationsPerInvoke = Turns)]
    public Reply AllGamesInTurn()
    {
        Reply last = default;
        for (var i = 0; i < Turns; i++)
        {
            last = Population.Send(_seats[_next].NextUpdate(), Inputs.Update);
            _next = _next + 1 == _seats.Length ? 0 : _next + 1;
        }

        return last;
    }
}
