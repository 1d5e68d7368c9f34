namespace TurnServer.Cluster;

/// <summary>
/// What this server knows of whether the owner is alive. All of it only suggests that somebody should take over: being
/// replaced harms nobody. Any thread.
/// </summary>
/// <param name="clock">Measures how long the log has been quiet.</param>
internal sealed class OwnerSigns(TimeProvider clock)
{
    // Less than the silence after which a link is given up, as the last batch may have come shortly after that began.
    private static readonly TimeSpan QuietMin = TimeSpan.FromSeconds(2);

    // How long the others wait for the server that is to take over a shard without an owner: it has the table, and
    // needs some milliseconds.
    private static readonly TimeSpan PreferredTimeout = TimeSpan.FromSeconds(1);

    private volatile HashSet<string>? _registered;
    private volatile string? _preferred;
    private long _ownerlessAt = clock.GetTimestamp();
    private volatile string? _refusing;
    private volatile string? _silent;
    private long _appendedAt = clock.GetTimestamp();

    /// <summary>Called when there may be a reason to take over.</summary>
    public Action? Changed { get; set; }

    /// <summary>For how long nothing has been appended to the log.</summary>
    public TimeSpan Quiet => clock.GetElapsedTime(Volatile.Read(ref _appendedAt));

    /// <summary>Says which servers are registered.</summary>
    public void SetRegistered(IEnumerable<string> ids)
    {
        _registered = [.. ids];
        Changed?.Invoke();
    }

    /// <summary>
    /// Says which server is to take over first when nobody owns the shard; null: any. Otherwise two that follow would
    /// race, and the shard would have to move once more.
    /// </summary>
    public void Prefer(string? server)
    {
        if (_preferred == server)
            return;
        _preferred = server;
        Changed?.Invoke();
    }

    /// <summary>Says that nobody owns the shard any more.</summary>
    public void NoteOwnerless() => Volatile.Write(ref _ownerlessAt, clock.GetTimestamp());

    /// <summary>Says that a server which could be reached refuses connections: its process is gone.</summary>
    public void NoteRefusing(string server)
    {
        _refusing = server;
        Changed?.Invoke();
    }

    /// <summary>
    /// Says that a server has fallen silent. If the log has been quiet too, that server seems to be dead until it
    /// appends something: sooner than its registration runs out, which a new leader of etcd extends. A server that is
    /// only out of this one's reach goes on appending.
    /// </summary>
    public void NoteSilent(string server)
    {
        if (Quiet < QuietMin)
            return;
        _silent = server;
        Changed?.Invoke();
    }

    /// <summary>Says that the owner has appended something.</summary>
    public void NoteAppended()
    {
        Volatile.Write(ref _appendedAt, clock.GetTimestamp());
        _silent = null;
    }

    /// <summary>Says that a server has been reached, or has taken over.</summary>
    public void NoteAlive(string server)
    {
        if (_refusing == server)
            _refusing = null;
    }

    /// <summary>
    /// Whether another server is to take over now, so that this one looks again soon whether it has.
    /// </summary>
    /// <param name="owner">The owner; null: there is none.</param>
    /// <param name="self">This server.</param>
    public bool IsAnothersTurn(string? owner, string self) => owner is null && _preferred is { } preferred
        && preferred != self && _registered?.Contains(preferred) == true
        && clock.GetElapsedTime(Volatile.Read(ref _ownerlessAt)) < PreferredTimeout;

    /// <summary>Why this server should take over, as <see cref="TakeOverCause"/>; null: it should not.</summary>
    /// <param name="owner">The owner; null: there is none.</param>
    /// <param name="epoch">How many times the shard has been taken over.</param>
    /// <param name="self">This server.</param>
    public string? FindCause(string? owner, long epoch, string self)
    {
        if (_registered is not { } registered)
            return null;
        return owner switch
        {
            null when IsAnothersTurn(owner, self) => null,
            null => epoch == 0 ? TakeOverCause.FirstServer : TakeOverCause.HandedOver,
            _ when owner == self => TakeOverCause.Unacknowledged,
            _ when !registered.Contains(owner) => TakeOverCause.OwnerGone,
            _ when owner == _refusing => TakeOverCause.OwnerRefusing,
            _ when owner == _silent => TakeOverCause.OwnerSilent,
            _ => null,
        };
    }
}
