using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>Stores the attempts that a client reports to its observer.</summary>
internal sealed class AttemptLog
{
    private readonly List<TurnAttempt> _attempts = [];

    public IReadOnlyList<TurnAttempt> Attempts
    {
        get
        {
            lock (_attempts)
                return [.. _attempts];
        }
    }

    /// <summary>How many updates have completed.</summary>
    public int Updates => Attempts.Count(attempt => attempt.Symbol == Symbol.GameUpdate);

    public int Count(ErrorCode error) => Attempts.Count(attempt => attempt.Reply?.Error == error);

    public void Note(TurnAttempt attempt)
    {
        lock (_attempts)
            _attempts.Add(attempt);
    }
}
