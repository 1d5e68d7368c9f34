using BenchmarkDotNet.Attributes;
using TurnServer.Rules;

namespace TurnServer.Bench.Rules;

/// <summary>
/// What a search of the status page costs the players: each step keeps the actor from them for as long. Goal: about a
/// millisecond.
/// </summary>
[MemoryDiagnoser]
public class SearchBenchmarks
{
    private const string Absent = "nobody is called that";

    // As the status page does it.
    private const int LooksPerStep = 1000;
    private const int Rows = 1000;

    private Population _population = null!;

    /// <summary>Registered players who wait, each for one who never comes.</summary>
    [Params(100, 10_000, 100_000)]
    public int Players { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _population = new Population(Inputs.Options);
        _population.AddUnmatched(Players);
    }

    /// <summary>The first step, the references to all players; with making room for them, and clearing it.</summary>
    [Benchmark]
    public void Copy()
    {
        var search = new TableSearch(Absent, Rows);
        search.Reserve(Players, 0);
        _population.Table.Continue(search, 0);
        search.Release();
    }

    /// <summary>All steps of a search that finds nobody.</summary>
    [Benchmark]
    public TableMatches FindNobody() => Find(Absent);

    /// <summary>All steps of one that finds everybody and lists some.</summary>
    [Benchmark]
    public TableMatches FindAll() => Find("waiting");

    private TableMatches Find(string text)
    {
        var search = new TableSearch(text, Rows);
        search.Reserve(Players, 0);
        while (true)
        {
            if (_population.Table.Continue(search, LooksPerStep) is not { } found)
                continue;
            search.Release();
            return found;
        }
    }
}
