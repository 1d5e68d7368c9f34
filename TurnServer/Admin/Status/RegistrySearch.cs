using TurnServer.Actor;
using TurnServer.Rules;

namespace TurnServer.Admin.Status;

/// <summary>
/// Searches both registries for the status page. However many browsers ask, there is one search at a time, and what it
/// found answers the same question for a second.
/// </summary>
internal sealed class RegistrySearch(TurnActor actor, TimeProvider clock) : IDisposable
{
    /// <summary>
    /// How many players the actor looks at in one step: 0.05 to 0.15 ms with 100 000 of them, few of whom are in any
    /// cache.
    /// </summary>
    private const int LooksPerStep = 1000;

    /// <summary>For how long an answer will do.</summary>
    public static readonly TimeSpan AnswerAge = TimeSpan.FromSeconds(1);

    // Different questions at once: as many as browsers with different texts, and a few more.
    private const int AnswersMax = 16;

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly Dictionary<(string Text, int Rows), (long FoundAt, TableMatches Matches)> _answers = [];

    /// <summary>What matches this text.</summary>
    /// <exception cref="ActorSilentException">The actor does not answer.</exception>
    public async Task<TableMatches> FindAsync(string text, int rowsMax)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            ForgetOld();
            if (_answers.TryGetValue((text, rowsMax), out var answer))
                return answer.Matches;
            var found = await SearchAsync(new TableSearch(text, rowsMax), text.Length == 0);
            if (_answers.Count < AnswersMax)
                _answers.Add((text, rowsMax), (clock.GetTimestamp(), found));
            return found;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<TableMatches> SearchAsync(TableSearch search, bool isForAll)
    {
        if (!isForAll)
        {
            var (players, games) = await AskAsync(table => (table.PlayerCount, table.GameCount));
            search.Reserve(players, games);
        }

        while (true)
        {
            if (await AskAsync(table => table.Continue(search, LooksPerStep)) is not { } found)
                continue;
            search.Release();
            return found;
        }
    }

    private Task<T> AskAsync<T>(Func<Table, T> look) =>
        ActorProbe.AnswerAsync(actor.InquireAsync(look), clock);

    private void ForgetOld()
    {
        foreach (var (question, (foundAt, _)) in _answers)
        {
            if (clock.GetElapsedTime(foundAt) >= AnswerAge)
                _answers.Remove(question);
        }
    }
}
