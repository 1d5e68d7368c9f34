namespace TurnServer.Protocol;

/// <summary>Which field of a request is malformed: the detail of error 4 (PROTOCOL.md, "Reply").</summary>
public enum FormatFault : byte
{
    /// <summary>The symbol is not one of 0 to 6.</summary>
    Symbol = 0,

    /// <summary>The player is not <c>0</c> or <c>1</c>.</summary>
    Player = 1,

    /// <summary>
    /// The counter is not 0 to 2⁶³−1, or the token is not 1 to 64 visible ASCII characters other than <c>*</c>.
    /// </summary>
    Counter = 2,

    /// <summary>The key is not decimal digits, or not one that REGISTER takes.</summary>
    Key = 3,

    /// <summary>The number of fields is wrong for the symbol.</summary>
    FieldCount = 4,
}
