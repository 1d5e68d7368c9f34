namespace TurnServer.Rules;

/// <summary>
/// The durations and limits that the rules apply. Defaults are the protocol page's ("Timeouts") and Service/README.md's.
/// </summary>
public sealed record RulesOptions
{
    /// <summary>How long a waiting player may be silent.</summary>
    public TimeSpan PairingTimeout { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How long a waiting player may be silent that registered with the long key.</summary>
    public TimeSpan LongPairingTimeout { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>
    /// How long a paired, loading or ready player may be silent, unless its pairing timeout is longer.
    /// </summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a seat of a game may be silent.</summary>
    public TimeSpan GameTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The most live registrations; the next one is refused with 11. At about 500 bytes each this is 50 MB.
    /// </summary>
    public int PlayersMax { get; init; } = 100_000;

    /// <summary>
    /// The most games; the next one is refused with 12. At about 1200 bytes each, when idle, this is 60 MB.
    /// </summary>
    public int GamesMax { get; init; } = 50_000;

    /// <summary>
    /// The most live registrations from one address, loopback excepted; 0 means no limit. 256 players behind one
    /// address are a large school's; a script that fills the server needs hundreds of addresses.
    /// </summary>
    public int PlayersPerAddressMax { get; init; } = 256;
}
