namespace TurnServer.Bench.Load.Play;

/// <summary>Two players who name each other as partners. Before each game they agree on new names here.</summary>
internal sealed class NamedPair(TurnLedger ledger)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<long>? _waiting;

    /// <summary>Waits until both players have called.</summary>
    /// <param name="side">0 or 1.</param>
    /// <param name="stopping">Ends the wait.</param>
    /// <returns>The ids of the streams that this player and its partner will send.</returns>
    public async Task<(long Own, long Partners)> MeetAsync(int side, CancellationToken stopping)
    {
        TaskCompletionSource<long>? first;
        var mine = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            first = _waiting;
            _waiting = first is null ? mine : null;
        }

        if (first is not null)
        {
            var ids = ledger.DrawIds(2);
            first.SetResult(ids);
            mine.SetResult(ids);
        }

        var id = await mine.Task.WaitAsync(stopping);
        return (id + side, id + 1 - side);
    }
}
