using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>How far a registered player has come (PROTOCOL.md, "Pairing").</summary>
public enum PlayerStatus : byte
{
    /// <summary>In the line, without a partner.</summary>
    Waiting,

    /// <summary>Has a partner; has not begun to load.</summary>
    Paired,

    /// <summary>Loading.</summary>
    Loading,

    /// <summary>Loaded; the partner has not.</summary>
    Ready,

    /// <summary>The game has started; the registration lasts until the first symbol 5 or 6.</summary>
    Playing,

    /// <summary>The partner left before the game, and the player has not heard of it yet.</summary>
    Deserted,
}

/// <summary>
/// A live registration: from REGISTER until the player leaves, falls silent or sends its first symbol 5 or 6.
/// </summary>
internal sealed class Player(ulong key, string name, string? wanted, ClientAddress from, RulesOptions options)
    : Participant
{
    /// <summary>
    /// The most exclusions of a player. Beyond that the first to expire is dropped, which bounds a registration's size
    /// however often its partners leave.
    /// </summary>
    public const int ExclusionsMax = 64;

    // In the order in which they end.
    private List<Exclusion>? _exclusions;

    public ulong Key => key;

    public string Name => name;

    /// <summary>The name of the only partner wanted; null when anybody will do.</summary>
    public string? Wanted => wanted;

    public ClientAddress From => from;

    public string? Token { get; init; }

    public bool LongTimeout { get; init; }

    public TimeSpan RegisteredAt { get; init; }

    /// <summary>The place in the order of registration; kept for as long as the registration lives.</summary>
    public long Order { get; init; }

    public PlayerStatus Status { get; set; }

    /// <summary>Whether this player's request made the pair.</summary>
    public bool IsHost { get; set; }

    public Player? Partner { get; set; }

    /// <summary>Whether it has been paired, and its partner has not left before the game.</summary>
    public bool HasPartner => Status is not (PlayerStatus.Waiting or PlayerStatus.Deserted);

    /// <summary>Kept when the partner's registration is gone already, for requests that are repeated.</summary>
    public string PartnerName { get; set; } = "";

    public Seat? Seat { get; set; }

    /// <summary>
    /// Whether PARTNER_DROP was sent and no request 2 has come since: a 3 or 4 gets it again, in case it was lost.
    /// </summary>
    public bool PartnerDropSent { get; set; }

    /// <summary>The neighbours in a <see cref="WaitingQueue"/>.</summary>
    public Player? Ahead { get; set; }

    public Player? Behind { get; set; }

    /// <summary>
    /// While it waits, the end of an exclusion is looked at too: two who may meet from then on may both wait.
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

    /// <summary>When the first of its exclusions ends; null while it does not wait, or has none.</summary>
    public TimeSpan? FirstExclusionEnd =>
        Status == PlayerStatus.Waiting && _exclusions is { Count: > 0 } ? _exclusions[0].Until : null;

    /// <summary>Those whom it is not to be given again yet, in the order in which the exclusions end.</summary>
    public IReadOnlyList<Exclusion> Exclusions => _exclusions ?? [];

    /// <summary>Whether the two must not be paired by chance (again) at this time.</summary>
    public bool MustNotPair(Player other, TimeSpan now) => Excludes(other, now) || other.Excludes(this, now);

    /// <summary>Passes over everybody of this name and address until then.</summary>
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

    /// <summary>Forgets the exclusions that have ended.</summary>
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

/// <summary>Who left a player before the game, and until when it is not given to that player again by chance.</summary>
/// <param name="Name">Its name: it may have registered again.</param>
/// <param name="From">Where it registered from.</param>
/// <param name="Until">From this time on the two may meet.</param>
internal readonly record struct Exclusion(string Name, ClientAddress From, TimeSpan Until);
