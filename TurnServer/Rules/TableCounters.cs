namespace TurnServer.Rules;

/// <summary>Why somebody's registration or seat was ended who had not asked for it.</summary>
public enum DropCause : byte
{
    /// <summary>Silent for longer than the pairing timeout, without a partner.</summary>
    SilentWaiting,

    /// <summary>Silent between pairing and the game.</summary>
    SilentLoading,

    /// <summary>Silent for longer than the game timeout, in a game.</summary>
    SilentPlaying,

    /// <summary>Sent a 3 or 4 before its turn (reply 10).</summary>
    OutOfStep,

    /// <summary>There was no room for the game (reply 12).</summary>
    GamesFull,

    /// <summary>The named partner, the only one wanted, left before the game (reply 17).</summary>
    PartnerLeft,
}

/// <summary>
/// Counts what the rules do, for those who watch. No rule depends on it. Whatever is counted here can be counted again
/// from the state itself, or goes up only.
/// </summary>
internal sealed class TableCounters
{
    private readonly int[] _players = new int[Enum.GetValues<PlayerStatus>().Length];
    private readonly long[] _drops = new long[Enum.GetValues<DropCause>().Length];

    public long Registrations { get; private set; }

    public long Games { get; set; }

    public long Turns { get; private set; }

    public long TurnBytes { get; private set; }

    /// <summary>The bytes of all backlogs.</summary>
    public long BacklogBytes { get; set; }

    public IReadOnlyList<int> Players => _players;

    public IReadOnlyList<long> Drops => _drops;

    /// <summary>Begins to count anew what goes up only.</summary>
    public void Reset()
    {
        Registrations = Games = Turns = TurnBytes = 0;
        Array.Clear(_drops);
    }

    public void Write(FieldWriter to)
    {
        to.Number(Registrations);
        to.Number(Games);
        to.Number(Turns);
        to.Number(TurnBytes);
        foreach (var drops in _drops)
            to.Number(drops);
    }

    /// <summary>
    /// Takes what <see cref="Write"/> has put; the rest is counted as players and games are restored.
    /// </summary>
    public void Read(ref FieldReader from)
    {
        (Registrations, Games, Turns, TurnBytes) = (from.Long(), from.Long(), from.Long(), from.Long());
        for (var i = 0; i < _drops.Length; i++)
            _drops[i] = from.Long();
    }

    public void Restore(PlayerStatus status) => _players[(int)status]++;

    public void Register()
    {
        Registrations++;
        _players[(int)PlayerStatus.Waiting]++;
    }

    public void Move(PlayerStatus from, PlayerStatus to)
    {
        _players[(int)from]--;
        _players[(int)to]++;
    }

    public void Retire(PlayerStatus from) => _players[(int)from]--;

    public void Drop(DropCause cause) => _drops[(int)cause]++;

    public void Relay(int bytes)
    {
        Turns++;
        TurnBytes += bytes;
    }
}
