namespace TurnServer.Bench.Load.Play;

/// <summary>
/// Checks that the turns of one stream arrive once and in order. Each fault is told once: of a turn that is overtaken
/// when it arrives, of one that never arrives when all is over. For the receiver's thread alone.
/// </summary>
internal sealed class TurnChecker(long stream)
{
    // Turns that later ones have overtaken and which have not come yet.
    private readonly SortedSet<long> _overtaken = [];
    private long _next;

    /// <summary>How many different turns of this stream have arrived.</summary>
    public long Arrived => _next - _overtaken.Count;

    /// <summary>The number behind the highest that has arrived.</summary>
    public long Next => _next;

    /// <summary>Whether the last turn of the stream is among them.</summary>
    public bool HasLast { get; private set; }

    /// <summary>Takes a turn that has arrived.</summary>
    /// <param name="turn">The turn.</param>
    /// <returns>Null, or what is wrong with it, to follow "turn 5 of …".</returns>
    public string? Take(in TestTurn turn)
    {
        if (turn.Stream != stream)
            return "was given to the wrong game";
        if (turn.Number < _next)
        {
            return _overtaken.Remove(turn.Number)
                ? $"arrived out of order, after turn {_next - 1}"
                : "arrived twice";
        }

        // Not kept for a number that only garbage can hold.
        if (turn.Number - _next > short.MaxValue)
            return $"arrived where turn {_next} was due";
        while (_next < turn.Number)
            _overtaken.Add(_next++);
        _next++;
        HasLast |= turn.IsLast;
        return null;
    }

    /// <summary>
    /// The numbers of those that have not arrived: which later ones have overtaken, and of the first so many.
    /// </summary>
    public IEnumerable<long> Missing(long owed)
    {
        foreach (var number in _overtaken)
            yield return number;
        for (var number = _next; number < owed; number++)
            yield return number;
    }
}
