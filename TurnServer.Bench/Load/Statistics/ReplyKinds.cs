using System.Globalization;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Statistics;

/// <summary>Kinds of replies as small numbers, to index counters, and their names in PROTOCOL.md.</summary>
internal static class ReplyKinds
{
    /// <summary>No reply, for a reason other than <c>--loss</c>.</summary>
    public const int Lost = KindsMax - 1;

    /// <summary>A reply dropped by <c>--loss</c>.</summary>
    public const int Dropped = KindsMax - 2;

    /// <summary>Number of kinds.</summary>
    public const int KindsMax = 32 * PerError;

    private const int PerError = 16;

    // A * in the second field.
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
    /// Whether a correct player never gets it. Partners do quit, also before the game when the test ends; and of two
    /// concurrent requests the later may overtake the first, which is 18 or 19.
    /// </summary>
    /// <param name="kind">The kind.</param>
    /// <param name="hasLoss">Whether players repeat requests that were answered: a repeated quit gets an error.</param>
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

    /// <summary>The kinds that occurred, most frequent first.</summary>
    /// <param name="kinds">The number of replies of each kind.</param>
    /// <param name="hasLoss">As in <see cref="IsError"/>.</param>
    public static IReadOnlyList<CodeCount> Count(long[] kinds, bool hasLoss) =>
    [
        .. Enumerable.Range(0, kinds.Length).Where(kind => kinds[kind] > 0).OrderByDescending(kind => kinds[kind])
            .Select(kind => new CodeCount(CodeOf(kind), NameOf(kind), IsError(kind, hasLoss), kinds[kind])),
    ];
}
