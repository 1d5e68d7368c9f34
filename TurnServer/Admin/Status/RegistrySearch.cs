using TurnServer.Actor;
using TurnServer.Rules;

namespace TurnServer.Admin.Status;

/// <summary>
/// Searches players and games for the status page. However many browsers ask, one search runs at a time, and its result
/// answers the same question for a second.
/// </summary>
internal sealed class RegistrySearch(ITableQueries table, TimeProvider clock) : IDisposable
{
    /// <summary>
    /// How many players the actor visits in one step: 0.05 to 0.15 ms with 100 000 of them, most of which are in no
    /// cache.
    /// </summary>
    private const int StepBudget = 1000;

    /// <summary>How long a result is reused.</summary>
    public static readonly TimeSpan ResultAge = TimeSpan.FromSeconds(1);

    // As many as browsers with different searches at once, and a few more.
    private const int ResultsMax = 16;

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly Dictionary<(string Text, int Rows), (long FoundAt, TableMatches Matches)> _results = [];

    /// <summary>What matches this text; null when the actor does not answer.</summary>
    public async Task<TableMatches?> FindAsync(string text, int rowsMax)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            RemoveExpired();
            if (_results.TryGetValue((text, rowsMax), out var result))
                return result.Matches;
            var found = await SearchPartsAsync(text, rowsMax);
            if (found is not null && _results.Count < ResultsMax)
                _results.Add((text, rowsMax), (clock.GetTimestamp(), found));
            return found;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<TableMatches?> SearchPartsAsync(string text, int rowsMax)
    {
        var found = new List<TableMatches>();
        foreach (var part in table.Parts)
        {
            if (await SearchAsync(part, new TableSearch(text, rowsMax), text.Length == 0) is not { } matches)
                return null;
            found.Add(matches);
        }

        return TableMatches.Join(found, rowsMax);
    }

    private async Task<TableMatches?> SearchAsync(ITableQueries part, TableSearch search, bool isForAll)
    {
        if (!isForAll)
        {
            var (players, games) = (0, 0);
            if (!await TryInspectAsync(part, now => (players, games) = (now.PlayerCount, now.GameCount)))
                return null;
            search.Reserve(players, games);
        }

        TableMatches? found = null;
        while (found is null)
        {
            if (!await TryInspectAsync(part, now => found = now.Continue(search, StepBudget)))
                return null;
        }

        search.Release();
        return found;
    }

    private Task<bool> TryInspectAsync(ITableQueries part, Action<Table> inspect) =>
        ActorProbe.TryInspectAsync(part, inspect, clock);

    private void RemoveExpired()
    {
        foreach (var (question, (foundAt, _)) in _results)
        {
            if (clock.GetElapsedTime(foundAt) >= ResultAge)
                _results.Remove(question);
        }
    }
}
