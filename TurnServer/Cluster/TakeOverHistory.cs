using TurnServer.Cluster.Replication;

namespace TurnServer.Cluster;

/// <summary>The latest takeovers that a server has seen. One thread adds at a time; any may read.</summary>
internal sealed class TakeOverHistory
{
    private const int CountMax = 20;

    private volatile IReadOnlyList<TakeOver> _latest = [];

    /// <summary>The latest last.</summary>
    public IReadOnlyList<TakeOver> Latest => _latest;

    public void Add(TakeOver takeOver)
    {
        // Read again after a gap.
        if (_latest.Count > 0 && _latest[^1] == takeOver)
            return;
        _latest = [.. _latest.TakeLast(CountMax - 1), takeOver];
    }
}
