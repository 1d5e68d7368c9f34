namespace TurnServer.Rules;

/// <summary>
/// The timeouts and limits that the rules apply. The defaults are those of PROTOCOL.md, "Timeouts", and of the flags.
/// </summary>
public sealed record RulesOptions
{
    /// <summary>The timeout of a waiting player.</summary>
    public TimeSpan PairingTimeout { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>The timeout of a waiting player that registered with the long key.</summary>
    public TimeSpan LongPairingTimeout { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>
    /// The timeout of a paired, loading or ready player, unless its pairing timeout is longer.
    /// </summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The timeout of a seat.</summary>
    public TimeSpan GameTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The most live registrations; the next one is refused with 11. About 500 bytes each, 50 MB in all.
    /// </summary>
    public int PlayersMax { get; init; } = 100_000;

    /// <summary>
    /// The most games; the next one is refused with 12. About 1200 bytes each when idle, 60 MB in all.
    /// </summary>
    public int GamesMax { get; init; } = 50_000;

    /// <summary>
    /// The most live registrations from one address, except loopback; 0 means no limit. 256 suffices for a large school
    /// behind one address, while filling the server takes hundreds of addresses.
    /// </summary>
    public int PlayersPerAddressMax { get; init; } = 256;
}
