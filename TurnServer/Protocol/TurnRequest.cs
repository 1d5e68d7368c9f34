namespace TurnServer.Protocol;

/// <summary>
/// One well-formed request, as numbers and ranges of its body. Fields that the symbol does not use have their default
/// values.
/// </summary>
public readonly record struct TurnRequest
{
    /// <summary>The kind of request.</summary>
    public required Symbol Symbol { get; init; }

    /// <summary>
    /// The pairing key (symbols 1 to 4) or seat key (5 and 6). <see cref="ulong.MaxValue"/>, which is never a key,
    /// stands for any number of more than 64 bits.
    /// </summary>
    public ulong Key { get; init; }

    /// <summary>The seat's number, 0 or 1 (symbols 5 and 6).</summary>
    public byte Seat { get; init; }

    /// <summary>The counter of an update, 0 to 2⁶³−1 (symbol 6).</summary>
    public long Counter { get; init; }

    /// <summary>
    /// The bytes received of the last counter's block; null if all (symbol 6, header <c>Turn-Received</c>).
    /// </summary>
    public int? ReceivedBytes { get; init; }

    /// <summary>The turn's range in the body; empty if there is none (symbol 6).</summary>
    public Range Data { get; init; }

    /// <summary>The player's name (symbol 0).</summary>
    public Range Name { get; init; }

    /// <summary>The wanted partner's name; empty if the player accepts anyone (symbol 0).</summary>
    public Range Partner { get; init; }

    /// <summary>The registration token; empty if there is none (symbol 0).</summary>
    public Range Token { get; init; }

    /// <summary>The pool to be paired in; empty if none was named (symbol 0).</summary>
    public Range Pool { get; init; }

    /// <summary>Whether the registration asked for the long timeout (symbol 0).</summary>
    public bool LongTimeout { get; init; }
}
