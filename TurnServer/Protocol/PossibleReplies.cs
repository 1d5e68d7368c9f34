namespace TurnServer.Protocol;

/// <summary>Which replies a request can get (PROTOCOL.md), so that each is a metric before it first happens.</summary>
internal static class PossibleReplies
{
    /// <summary>Whether the reply may be held until there is news (PROTOCOL.md, "Waiting for news").</summary>
    public static bool CanBeHeld(Symbol? symbol) =>
        symbol is Symbol.RequestPair or Symbol.MapReady or Symbol.GameUpdate;

    /// <summary>The successful replies to a symbol.</summary>
    /// <param name="symbol">Null: none, as the request was refused before it was parsed, or by the parser.</param>
    public static IReadOnlyList<ReplyCode> CodesOf(Symbol? symbol) => symbol switch
    {
        Symbol.Register => [ReplyCode.RegisterOk],
        Symbol.Unregister or Symbol.GameQuit => [ReplyCode.UnregisterOk],
        Symbol.RequestPair => [ReplyCode.Pairing, ReplyCode.StartServer, ReplyCode.StartClient],
        Symbol.MapInit => [ReplyCode.InitServer, ReplyCode.InitClient],
        Symbol.MapReady => [ReplyCode.PartnerLoad, ReplyCode.StartPlay],
        Symbol.GameUpdate => [ReplyCode.GameData, ReplyCode.GameNoData, ReplyCode.GameRedundant],
        _ => [],
    };

    /// <summary>The error replies to a symbol.</summary>
    /// <param name="symbol">As for <see cref="CodesOf"/>.</param>
    public static IReadOnlyList<ErrorCode> ErrorsOf(Symbol? symbol) => symbol switch
    {
        Symbol.Register => [ErrorCode.PairingKeysMaxed, ErrorCode.RateLimited, ErrorCode.ServerBusy],
        Symbol.Unregister => [ErrorCode.NotRegistered, ErrorCode.ServerBusy],
        Symbol.RequestPair =>
            [ErrorCode.NotRegistered, ErrorCode.PartnerDrop, ErrorCode.KnownPartnerDrop, ErrorCode.ServerBusy],
        Symbol.MapInit =>
        [
            ErrorCode.NotRegistered, ErrorCode.PartnerDrop, ErrorCode.KnownPartnerDrop, ErrorCode.Dropped,
            ErrorCode.ServerBusy,
        ],
        Symbol.MapReady =>
        [
            ErrorCode.NotRegistered, ErrorCode.PartnerDrop, ErrorCode.KnownPartnerDrop, ErrorCode.Dropped,
            ErrorCode.GameKeysMaxed, ErrorCode.ServerBusy,
        ],
        Symbol.GameQuit => [ErrorCode.NoGame, ErrorCode.NoPlayerSelf, ErrorCode.ServerBusy],
        Symbol.GameUpdate =>
        [
            ErrorCode.NoGame, ErrorCode.NoPlayerSelf, ErrorCode.NoPlayerPartner, ErrorCode.PlayerStateBehind,
            ErrorCode.PlayerStateAhead, ErrorCode.GameCacheMaxed, ErrorCode.ServerBusy,
        ],
        _ =>
        [
            ErrorCode.BadContentLength, ErrorCode.NoPostData, ErrorCode.NoClientAddress, ErrorCode.PostDataFormat,
            ErrorCode.OverContentLength, ErrorCode.RegisterFail, ErrorCode.BadPartnerName, ErrorCode.RateLimited,
            ErrorCode.ServerBusy,
        ],
    };
}
