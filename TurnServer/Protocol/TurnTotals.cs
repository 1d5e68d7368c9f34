namespace TurnServer.Protocol;

/// <summary>How many turns have passed one seat since its game began (PROTOCOL.md, "Coming back").</summary>
/// <param name="Taken">How many turns of this seat's the server has taken.</param>
/// <param name="Acknowledged">How many of the partner's turns this seat has acknowledged.</param>
public readonly record struct TurnTotals(long Taken, long Acknowledged)
{
    /// <summary>How many turns these bytes are: <c>|</c> separates turns.</summary>
    internal static int Count(ReadOnlySpan<byte> turns) => turns.IsEmpty ? 0 : turns.Count((byte)'|') + 1;
}
