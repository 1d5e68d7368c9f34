namespace TurnServer.Protocol;

/// <summary>Lengths of arrays that are indexed by a wire enum: one more than its largest number.</summary>
internal static class WireNumbers
{
    public static int CodesEnd { get; } = (int)Enum.GetValues<ReplyCode>().Max() + 1;

    public static int ErrorsEnd { get; } = (int)Enum.GetValues<ErrorCode>().Max() + 1;
}
