using TurnServer.Cluster.Replication;

namespace TurnServer.Cluster;

/// <summary>The takeovers that a server has seen. One thread adds at a time; any may read.</summary>
internal sealed class TakeOverHistory
{
    private const int CountMax = 20;

    private volatile IReadOnlyList<TakeOver> _latest = [];
    private volatile IReadOnlyList<long> _countsByCause = new long[TakeOverCause.All.Count];
    private long? _countAfter;
    private long _position;

    /// <summary>The latest that are in the log, also those of before this process; the latest last.</summary>
    public IReadOnlyList<TakeOver> Latest => _latest;

    /// <summary>
    /// How many have happened since this process first read the log, in the order of <see cref="TakeOverCause.All"/>.
    /// </summary>
    public IReadOnlyList<long> CountsByCause => _countsByCause;

    /// <summary>Says where the log ends; the first time decides which takeovers are counted.</summary>
    public void CountAfter(long position) => _countAfter ??= position;

    /// <param name="takeOver">The takeover.</param>
    /// <param name="position">Its batch. A server that has been the owner reads takeovers again that it knows.</param>
    public void Add(TakeOver takeOver, long position)
    {
        if (position <= _position)
            return;
        _position = position;
        _latest = [.. _latest.TakeLast(CountMax - 1), takeOver];
        if (!(position > _countAfter))
            return;
        long[] counts = [.. _countsByCause];
        counts[TakeOverCause.IndexOf(takeOver.Cause)]++;
        _countsByCause = counts;
    }
}

/// <summary>Why servers take over, in the words that the log and the status page have.</summary>
internal static class TakeOverCause
{
    public const string FirstServer = "first server";
    public const string HandedOver = "handed over";
    public const string OwnerGone = "owner gone";
    public const string OwnerRefusing = "owner refuses connections";
    public const string OwnerSilent = "owner silent";
    public const string Unacknowledged = "taken over without acknowledgement";

    /// <summary>All; the last one stands for those of other versions of this server.</summary>
    public static readonly IReadOnlyList<string> All =
        [FirstServer, HandedOver, OwnerGone, OwnerRefusing, OwnerSilent, Unacknowledged, "other"];

    /// <summary>Its place in <see cref="All"/>.</summary>
    public static int IndexOf(string cause)
    {
        var known = All.TakeWhile(other => other != cause).Count();
        return Math.Min(known, All.Count - 1);
    }
}
