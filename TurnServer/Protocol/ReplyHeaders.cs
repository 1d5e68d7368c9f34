namespace TurnServer.Protocol;

/// <summary>Names of reply headers.</summary>
public static class ReplyHeaders
{
    /// <summary>With 18 and 19: the last counter taken; −1 if none (PROTOCOL.md, "Coming back").</summary>
    public const string TurnCounter = "Turn-Counter";

    /// <summary>With 0/11, 18 and 19: see <see cref="TurnTotals.Taken"/> (PROTOCOL.md, "Coming back").</summary>
    public const string TurnsTaken = "Turns-Taken";

    /// <summary>With 0/11, 18 and 19: see <see cref="TurnTotals.Acknowledged"/>.</summary>
    public const string TurnsAcknowledged = "Turns-Acknowledged";

    /// <summary>With replies of status 200 to a 6, and with 15 (PROTOCOL.md, "Knowing about the partner").</summary>
    public const string PartnerSilent = "Partner-Silent";
}
