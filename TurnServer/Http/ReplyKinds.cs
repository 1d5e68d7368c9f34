using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Kinds of replies as small numbers, to count them by, and which of them a request can be given.</summary>
internal static class ReplyKinds
{
    /// <summary>Every kind is below it.</summary>
    public const int End = ErrorsFrom + 32;

    // Successful replies stand below the errors.
    private const int ErrorsFrom = 16;

    public static int Of(ReplyCode code) => (int)code;

    public static int Of(ErrorCode error) => ErrorsFrom + (int)error;

    public static int Of(ErrorCode error, ReplyCode code) => error == ErrorCode.None ? Of(code) : Of(error);

    public static ErrorCode ErrorOf(int kind) => kind < ErrorsFrom ? ErrorCode.None : (ErrorCode)(kind - ErrorsFrom);

    public static string NameOf(int kind) =>
        kind < ErrorsFrom ? WireNames.Of((ReplyCode)kind) : WireNames.Of(ErrorOf(kind));

    /// <summary>
    /// The replies that there can be to this symbol, or with null to a request that was refused unread or could not be
    /// parsed.
    /// </summary>
    public static IEnumerable<int> PossibleFor(Symbol? symbol) =>
        [.. CodesFor(symbol).Select(Of), .. ErrorsFor(symbol).Select(Of), Of(ErrorCode.ServerBusy)];

    private static ReplyCode[] CodesFor(Symbol? symbol) => symbol switch
    {
        Symbol.Register => [ReplyCode.RegisterOk],
        Symbol.Unregister or Symbol.GameQuit => [ReplyCode.UnregisterOk],
        Symbol.RequestPair => [ReplyCode.Pairing, ReplyCode.StartServer, ReplyCode.StartClient],
        Symbol.MapInit => [ReplyCode.InitServer, ReplyCode.InitClient],
        Symbol.MapReady => [ReplyCode.PartnerLoad, ReplyCode.StartPlay],
        Symbol.GameUpdate => [ReplyCode.GameData, ReplyCode.GameNoData, ReplyCode.GameRedundant],
        _ => [],
    };

    private static ErrorCode[] ErrorsFor(Symbol? symbol) => symbol switch
    {
        Symbol.Register => [ErrorCode.PairingKeysMaxed, ErrorCode.RateLimited],
        Symbol.Unregister => [ErrorCode.NotRegistered],
        Symbol.RequestPair => [ErrorCode.NotRegistered, ErrorCode.PartnerDrop, ErrorCode.KnownPartnerDrop],
        Symbol.MapInit =>
            [ErrorCode.NotRegistered, ErrorCode.PartnerDrop, ErrorCode.KnownPartnerDrop, ErrorCode.Dropped],
        Symbol.MapReady =>
        [
            ErrorCode.NotRegistered, ErrorCode.PartnerDrop, ErrorCode.KnownPartnerDrop, ErrorCode.Dropped,
            ErrorCode.GameKeysMaxed,
        ],
        Symbol.GameQuit => [ErrorCode.NoGame, ErrorCode.NoPlayerSelf],
        Symbol.GameUpdate =>
        [
            ErrorCode.NoGame, ErrorCode.NoPlayerSelf, ErrorCode.NoPlayerPartner, ErrorCode.PlayerStateBehind,
            ErrorCode.PlayerStateAhead, ErrorCode.GameCacheMaxed,
        ],
        _ =>
        [
            ErrorCode.BadContentLength, ErrorCode.NoPostData, ErrorCode.NoClientAddress, ErrorCode.PostDataFormat,
            ErrorCode.OverContentLength, ErrorCode.RegisterFail, ErrorCode.BadPartnerName, ErrorCode.RateLimited,
        ],
    };
}
