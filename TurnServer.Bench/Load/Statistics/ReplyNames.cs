using System.Globalization;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Statistics;

/// <summary>Kinds of replies as small numbers, to count them by, and how the protocol page names them.</summary>
internal static class ReplyNames
{
    /// <summary>No reply, and not on purpose.</summary>
    public const int Lost = KindsMax - 1;

    /// <summary>A reply that this program dropped, as <c>--loss</c> asks.</summary>
    public const int Dropped = KindsMax - 2;

    /// <summary>Every kind is below it.</summary>
    public const int KindsMax = 32 * PerError;

    private const int PerError = 16;

    // Stands for a * in the second field.
    private const int NoDetail = PerError - 1;

    public static int KindOf(in ServerReply reply) =>
        ((int)reply.Error * PerError)
        + (reply.Error == ErrorCode.None ? (int)reply.Code : Math.Min((int?)reply.Detail ?? NoDetail, NoDetail));

    /// <summary>As on the wire, such as <c>0/9</c> or <c>15/5</c>.</summary>
    public static string CodeOf(int kind) => kind switch
    {
        Lost => "lost",
        Dropped => "dropped",
        _ => string.Create(CultureInfo.InvariantCulture,
            $"{kind / PerError}/{(kind % PerError == NoDetail ? "*" : $"{kind % PerError}")}"),
    };

    public static string NameOf(int kind) => kind switch
    {
        Lost => "no reply",
        Dropped => "by --loss",
        < PerError => WireNames.Of((ReplyCode)kind),
        _ => WireNames.Of((ErrorCode)(kind / PerError)),
    };

    public static string NameOf(Symbol symbol) => WireNames.Of(symbol);

    /// <summary>
    /// Whether it is one that a player without faults never meets. Partners do quit, before the game too when the test
    /// ends; and of two requests that are under way at once the later may overtake the first, which is 18 or 19.
    /// </summary>
    /// <param name="kind">What it is.</param>
    /// <param name="hasLoss">Whether players repeat what was answered: who leaves twice is nobody.</param>
    public static bool IsError(int kind, bool hasLoss) => kind switch
    {
        < PerError or Dropped => false,
        Lost => true,
        _ => (ErrorCode)(kind / PerError) switch
        {
            ErrorCode.NoPlayerPartner => kind % PerError == NoDetail,
            ErrorCode.PartnerDrop or ErrorCode.KnownPartnerDrop => false,
            ErrorCode.PlayerStateBehind or ErrorCode.PlayerStateAhead => false,
            ErrorCode.NotRegistered or ErrorCode.NoGame or ErrorCode.NoPlayerSelf => !hasLoss,
            _ => true,
        },
    };

    /// <summary>Those that came, most frequent first.</summary>
    /// <param name="kinds">How many came of each.</param>
    /// <param name="hasLoss">As in <see cref="IsError"/>.</param>
    public static IReadOnlyList<CodeCount> Count(long[] kinds, bool hasLoss) =>
    [
        .. Enumerable.Range(0, kinds.Length).Where(kind => kinds[kind] > 0).OrderByDescending(kind => kinds[kind])
            .Select(kind => new CodeCount(CodeOf(kind), NameOf(kind), IsError(kind, hasLoss), kinds[kind])),
    ];
}
