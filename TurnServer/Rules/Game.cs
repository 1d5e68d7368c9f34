using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Two seats. The game ends once both players have left.</summary>
internal sealed class Game(TimeSpan startedAt, string? pool)
{
    private Seat _seat0 = null!;
    private Seat _seat1 = null!;

    public TimeSpan StartedAt => startedAt;

    /// <summary>The pool in which the players were paired; null if they named none.</summary>
    public string? Pool => pool;

    public Seat this[int number]
    {
        get => number == 0 ? _seat0 : _seat1;
        set => (number == 0 ? ref _seat0 : ref _seat1) = value;
    }
}

/// <summary>One player's place in a game: its key, its counter and the turns on their way to it.</summary>
internal sealed class Seat(ulong key, byte number, Game game, string name, ClientAddress from, RulesOptions options)
    : Participant
{
    /// <summary>The turns on their way to this seat.</summary>
    public Backlog Backlog;

    public ulong Key => key;

    /// <summary>0 for the player who was ready last, 1 for the other.</summary>
    public byte Number => number;

    public Game Game => game;

    public string Name => name;

    public ClientAddress From => from;

    /// <summary>
    /// The pairing key while the player is registered; null once the first symbol 5 or 6 has ended that.
    /// </summary>
    public ulong? PairingKey { get; set; }

    /// <summary>The last counter accepted; −1 at first.</summary>
    public long LastCounter { get; set; } = -1;

    /// <summary>How many turns it has sent and acknowledged; null if an earlier version began to play it.</summary>
    public TurnTotals? Totals { get; set; } = default(TurnTotals);

    /// <summary>Why the player left this seat; null while it has not.</summary>
    public Departure? Left { get; set; }

    /// <summary>The other seat, cached because every update needs it.</summary>
    public Seat Partner { get; set; } = null!;

    internal override TimeSpan Timeout => options.GameTimeout;

    internal override Reply WithHeaders(in Reply reply, TimeSpan now) => reply with
    {
        PartnerSilentSeconds = PartnerSilentSeconds(now),
        Totals = reply is { Error: ErrorCode.None, Code: ReplyCode.GameRedundant } ? Totals : null,
    };

    // 0 while a reply of the partner's is held (PROTOCOL.md, "Knowing about the partner").
    private int PartnerSilentSeconds(TimeSpan now) =>
        Partner.IsHeld || now < Partner.LastHeard ? 0 : (int)(now - Partner.LastHeard).TotalSeconds;
}

/// <summary>Why a player left its seat.</summary>
internal enum Departure : byte
{
    /// <summary>No request within the game timeout.</summary>
    TimedOut,

    /// <summary>The player quit, or unregistered.</summary>
    Quit,
}
