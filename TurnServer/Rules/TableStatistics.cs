namespace TurnServer.Rules;

/// <summary>Why the server ended a registration or a seat. The names are values in metrics and status.json.</summary>
public enum DropCause : byte
{
    /// <summary>Pairing timeout, without a partner.</summary>
    SilentWaiting,

    /// <summary>Load timeout, between pairing and the game.</summary>
    SilentLoading,

    /// <summary>Game timeout.</summary>
    SilentPlaying,

    /// <summary>A 3 or 4 sent too early (error 10).</summary>
    OutOfStep,

    /// <summary>The game limit was reached (error 12).</summary>
    GamesFull,

    /// <summary>The only partner wanted left before the game (error 17).</summary>
    PartnerLeft,
}

/// <summary>
/// What a table holds and has done since the start. The table counts in one instance and hands out copies; of the
/// rules only the limit on games depends on it.
/// </summary>
public sealed record TableStatistics
{
    private int[] _players = new int[Enum.GetValues<PlayerStatus>().Length];
    private long[] _drops = new long[Enum.GetValues<DropCause>().Length];

    /// <summary>Live registrations by <see cref="PlayerStatus"/>.</summary>
    public IReadOnlyList<int> PlayersByStatus
    {
        get => _players;
        internal init => _players = [.. value];
    }

    /// <summary>All live registrations.</summary>
    public int Players => _players.Sum();

    /// <summary>Games in progress, including those that one player has left.</summary>
    public int Games { get; internal set; }

    /// <summary>Bytes in all backlogs: turns not yet delivered, or not yet acknowledged.</summary>
    public long BacklogBytes { get; internal set; }

    /// <summary>Registrations since the start; one repeated with its token counts once.</summary>
    public long Registrations { get; internal set; }

    /// <summary>Games since the start.</summary>
    public long GamesStarted { get; internal set; }

    /// <summary>Turns accepted for a partner since the start, without repeated requests and empty turns.</summary>
    public long Turns { get; internal set; }

    /// <summary>The bytes of those turns.</summary>
    public long TurnBytes { get; internal set; }

    /// <summary>Registrations and seats dropped since the start, by <see cref="DropCause"/>.</summary>
    public IReadOnlyList<long> DropsByCause
    {
        get => _drops;
        init => _drops = [.. value];
    }

    /// <summary>What several tables hold and have done together.</summary>
    internal static TableStatistics Sum(IEnumerable<TableStatistics> tables)
    {
        var sum = new TableStatistics();
        foreach (var table in tables)
        {
            sum.Games += table.Games;
            sum.BacklogBytes += table.BacklogBytes;
            sum.Registrations += table.Registrations;
            sum.GamesStarted += table.GamesStarted;
            sum.Turns += table.Turns;
            sum.TurnBytes += table.TurnBytes;
            for (var status = 0; status < sum._players.Length; status++)
                sum._players[status] += table._players[status];
            for (var cause = 0; cause < sum._drops.Length; cause++)
                sum._drops[cause] += table._drops[cause];
        }

        return sum;
    }

    /// <summary>A copy that no longer changes, taken in constant time.</summary>
    internal TableStatistics Copy() => this with
    {
        _players = [.. _players],
        _drops = [.. _drops],
    };

    /// <summary>Resets the counters; the gauges stay.</summary>
    internal void Reset()
    {
        Registrations = GamesStarted = Turns = TurnBytes = 0;
        Array.Clear(_drops);
    }

    /// <summary>Writes the counters; the gauges are recounted as players and games are restored.</summary>
    internal void Write(FieldWriter to)
    {
        to.Number(Registrations);
        to.Number(GamesStarted);
        to.Number(Turns);
        to.Number(TurnBytes);
        foreach (var drops in _drops)
            to.Number(drops);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal void Read(ref FieldReader from)
    {
        (Registrations, GamesStarted, Turns, TurnBytes) = (from.Long(), from.Long(), from.Long(), from.Long());
        for (var i = 0; i < _drops.Length; i++)
            _drops[i] = from.Long();
    }

    internal void Restore(PlayerStatus status) => _players[(int)status]++;

    internal void Register()
    {
        Registrations++;
        _players[(int)PlayerStatus.Waiting]++;
    }

    internal void Move(PlayerStatus from, PlayerStatus to)
    {
        _players[(int)from]--;
        _players[(int)to]++;
    }

    internal void Retire(PlayerStatus from) => _players[(int)from]--;

    internal void Drop(DropCause cause) => _drops[(int)cause]++;

    internal void Relay(int bytes)
    {
        Turns++;
        TurnBytes += bytes;
    }
}
