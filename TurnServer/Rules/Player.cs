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
internal sealed class Player(ulong key, string name, string? wanted, ClientAddress from, RulesOptions options) : Timed
{
    /// <summary>
    /// The most partners that a player remembers not to be given again. Beyond it the oldest is forgotten, so that a
    /// registration stays small however often it is deserted.
    /// </summary>
    public const int AvoidedMax = 64;

    private List<(string Name, ClientAddress From)>? _avoided;

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
    public bool Hosts { get; set; }

    public Player? Partner { get; set; }

    /// <summary>Whether it has been paired, and its partner has not left before the game.</summary>
    public bool HasPartner => Status is not (PlayerStatus.Waiting or PlayerStatus.Deserted);

    /// <summary>Kept when the partner's registration is gone already, for requests that are repeated.</summary>
    public string PartnerName { get; set; } = "";

    public Seat? Seat { get; set; }

    /// <summary>
    /// Set when the player was told that its partner left, until it asks for a new one: a 3 or 4 repeated because that
    /// reply was lost is told again.
    /// </summary>
    public bool WasDeserted { get; set; }

    /// <summary>The neighbours in a <see cref="WaitingLine"/>.</summary>
    public Player? Ahead { get; set; }

    public Player? Behind { get; set; }

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

    /// <summary>Whether the two must not be paired by chance (again).</summary>
    public bool MustNotMeet(Player other) => Avoids(other) || other.Avoids(this);

    /// <summary>Those whom it is not to be given again, the oldest first.</summary>
    public IReadOnlyList<(string Name, ClientAddress From)> Avoided => _avoided ?? [];

    public void Avoid(Player other)
    {
        if (!Avoids(other))
            Avoid(other.Name, other.From);
    }

    public void Avoid(string otherName, ClientAddress otherFrom)
    {
        _avoided ??= [];
        if (_avoided.Count == AvoidedMax)
            _avoided.RemoveAt(0);
        _avoided.Add((otherName, otherFrom));
    }

    private bool Avoids(Player other) => _avoided is not null && _avoided.Contains((other.Name, other.From));
}
