using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// The status of a registered player (PROTOCOL.md, "Pairing"). The names are values in metrics and status.json.
/// </summary>
public enum PlayerStatus : byte
{
    /// <summary>In a queue, without a partner.</summary>
    Waiting,

    /// <summary>Has a partner, and has not begun to load.</summary>
    Paired,

    /// <summary>Loading.</summary>
    Loading,

    /// <summary>Loaded; the partner has not.</summary>
    Ready,

    /// <summary>The game has started; the registration lasts until the first symbol 5 or 6.</summary>
    Playing,

    /// <summary>The partner left before the game, and the player has not been told yet.</summary>
    Deserted,
}

/// <summary>
/// A live registration: from REGISTER until the player leaves, times out or sends its first symbol 5 or 6.
/// </summary>
internal sealed class Player(ulong key, string name, string? wanted, ClientAddress from, RulesOptions options)
    : Participant
{
    /// <summary>
    /// The most exclusions of a player. Beyond that the first to expire is dropped, which bounds a registration's size
    /// however often its partners leave.
    /// </summary>
    public const int ExclusionsMax = 64;

    // By expiry.
    private List<Exclusion>? _exclusions;

    public ulong Key => key;

    public string Name => name;

    /// <summary>The name of the only partner wanted; null if the player accepts anyone.</summary>
    public string? Wanted => wanted;

    public ClientAddress From => from;

    /// <summary>The pool that it is paired in; null if it named none.</summary>
    public string? Pool { get; init; }

    public string? Token { get; init; }

    public bool LongTimeout { get; init; }

    public TimeSpan RegisteredAt { get; init; }

    /// <summary>The sequence number of the registration, which decides the place in the queue.</summary>
    public long Order { get; init; }

    public PlayerStatus Status { get; set; }

    /// <summary>Whether this player's request made the pair.</summary>
    public bool IsHost { get; set; }

    public Player? Partner { get; set; }

    /// <summary>Whether it is paired, and its partner has not left before the game.</summary>
    public bool HasPartner => Status is not (PlayerStatus.Waiting or PlayerStatus.Deserted);

    /// <summary>Stays when the partner's registration has ended, for repeated requests.</summary>
    public string PartnerName { get; set; } = "";

    /// <summary>The seat; null before the game, and until it is known.</summary>
    public SeatId? Seat { get; set; }

    /// <summary>The shard that has the game; 0 before the game, and if the game is in the same table.</summary>
    public int GameShard { get; set; }

    /// <summary>
    /// Whether PARTNER_DROP was sent and no request 2 has come since: a 3 or 4 gets it again, in case it was lost.
    /// </summary>
    public bool PartnerDropSent { get; set; }

    /// <summary>The neighbours in a <see cref="WaitingQueue"/>.</summary>
    public Player? Ahead { get; set; }

    public Player? Behind { get; set; }

    /// <summary>
    /// For a waiting player also when an exclusion expires: it and the excluded player may both be waiting.
    /// </summary>
    internal override TimeSpan DueAt => FirstExclusionEnd is { } end && end < Deadline ? end : Deadline;

    internal override TimeSpan Timeout
    {
        get
        {
            var pairing = LongTimeout ? options.LongPairingTimeout : options.PairingTimeout;
            if (Status == PlayerStatus.Waiting)
                return pairing;
            return pairing > options.LoadTimeout ? pairing : options.LoadTimeout;
        }
    }

    /// <summary>When the first exclusion expires; null unless the player is waiting and has one.</summary>
    public TimeSpan? FirstExclusionEnd =>
        Status == PlayerStatus.Waiting && _exclusions is { Count: > 0 } ? _exclusions[0].Until : null;

    /// <summary>The players whom it must not be paired with, by expiry.</summary>
    public IReadOnlyList<Exclusion> Exclusions => _exclusions ?? [];

    /// <summary>Whether one of the two excludes the other.</summary>
    public bool MustNotPair(Player other, TimeSpan now) => Excludes(other, now) || other.Excludes(this, now);

    public void Exclude(in Exclusion exclusion)
    {
        _exclusions ??= [];
        var place = _exclusions.Count;
        while (place > 0 && _exclusions[place - 1].Until > exclusion.Until)
            place--;
        _exclusions.Insert(place, exclusion);
        if (_exclusions.Count > ExclusionsMax)
            _exclusions.RemoveAt(0);
    }

    public void RemoveExpiredExclusions(TimeSpan now)
    {
        if (_exclusions is null)
            return;
        _exclusions.RemoveAll(exclusion => exclusion.Until <= now);
        if (_exclusions.Count == 0)
            _exclusions = null;
    }

    private bool Excludes(Player other, TimeSpan now)
    {
        if (_exclusions is null)
            return false;
        foreach (var exclusion in _exclusions)
        {
            if (exclusion.Until > now && exclusion.From == other.From && exclusion.Name == other.Name)
                return true;
        }

        return false;
    }
}

/// <summary>
/// A partner that left before the game, and is not paired with the same player again until the exclusion expires.
/// </summary>
/// <param name="Name">The partner's name; its key may change, as it may register again.</param>
/// <param name="From">The partner's address.</param>
/// <param name="Until">When the exclusion expires.</param>
internal readonly record struct Exclusion(string Name, ClientAddress From, TimeSpan Until);
