using BenchmarkDotNet.Attributes;
using TurnServer.Rules;

namespace TurnServer.Bench.Rules;

/// <summary>
/// The steps of a search from the status page, each of which blocks the actor. Goal: about a millisecond each.
/// </summary>
[MemoryDiagnoser]
public class SearchBenchmarks : PopulationBenchmarks
{
    private const string NoMatch = "no player has this name";

    // As on the status page.
    private const int StepBudget = 1000;
    private const int Rows = 1000;

    // Each waits for a named partner that never comes.
    private protected override void Populate(Population population) =>
        population.AddUnmatched(Players);

    /// <summary>Allocating and clearing the buffer, and the first step: copying references to all players.</summary>
    [Benchmark]
    public void Copy()
    {
        var search = new TableSearch(NoMatch, Rows);
        search.Reserve(Players, 0);
        Population.Table.Continue(search, 0);
        search.Release();
    }

    /// <summary>All steps of a search without matches.</summary>
    [Benchmark]
    public TableMatches FindNone() => Find(NoMatch);

    /// <summary>All steps of a search that matches all players and lists the first.</summary>
    [Benchmark]
    public TableMatches FindAll() => Find("waiting");

    private TableMatches Find(string text)
    {
        var search = new TableSearch(text, Rows);
        search.Reserve(Players, 0);
        while (true)
        {
            if (Population.Table.Continue(search, StepBudget) is not { } found)
                continue;
            search.Release();
            return found;
        }
    }
}
