namespace TurnServer.Protocol;

/// <summary>
/// One well-formed request, as numbers and as ranges of the body it was parsed from. A field that its symbol does not
/// use has its default value.
/// </summary>
public readonly record struct TurnRequest
{
    /// <summary>What is asked for.</summary>
    public required Symbol Symbol { get; init; }

    /// <summary>
    /// The pairing key (symbols 1 to 4) or seat key (5 and 6). One too large for 64 bits is <see
    /// cref="ulong.MaxValue"/>, which is nobody's: keys are below <see cref="ProtocolLimits.KeyEnd"/>.
    /// </summary>
    public ulong Key { get; init; }

    /// <summary>The seat's number, 0 or 1 (symbols 5 and 6).</summary>
    public byte Seat { get; init; }

    /// <summary>The counter of an update, 0 to 2⁶³−1 (symbol 6).</summary>
    public long Counter { get; init; }

    /// <summary>
    /// How many bytes of the last counter's block have been received; null stands for all of them (symbol 6, header
    /// <c>Turn-Received</c>).
    /// </summary>
    public int? ReceivedBytes { get; init; }

    /// <summary>Where the turn stands in the body; empty when there is nothing to say (symbol 6).</summary>
    public Range Data { get; init; }

    /// <summary>Where the player's name stands in the body (symbol 0).</summary>
    public Range Name { get; init; }

    /// <summary>Where the wanted partner's name stands in the body; empty when anybody will do (symbol 0).</summary>
    public Range Partner { get; init; }

    /// <summary>Where the registration token stands in the body; empty when there is none (symbol 0).</summary>
    public Range Token { get; init; }

    /// <summary>Whether the registration asked for the long timeout (symbol 0).</summary>
    public bool LongTimeout { get; init; }
}
