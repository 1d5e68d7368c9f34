using Microsoft.Extensions.Logging;

namespace TurnServer;

/// <summary>
/// Every log message, numbered. None is written per request at the default level, and none holds player data or a whole
/// key. 1 to 9: start and stop; 10 to 19: the HTTP front; 20 to 29: the actor; 30 to 39: the service manager;
/// 40 to 59: the state.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "TurnServer {Version} listens on {Address}, process {ProcessId}; at most "
        + "{Players} players, {Games} games, {Connections} connections; from one address at most {PlayersPerAddress} "
        + "players, {ConnectionsPerAddress} connections, {RequestsPerSecond} requests/s")]
    public static partial void Listening(ILogger log, string version, string address, int processId, int players,
        int games, int connections, string playersPerAddress, string connectionsPerAddress,
        string requestsPerSecond);

    [LoggerMessage(2, LogLevel.Information, "Stopped on {Signal} after {Requests} requests")]
    public static partial void Stopped(ILogger log, string signal, long requests);

    [LoggerMessage(3, LogLevel.Warning, "The environment variable {Variable} is no setting of this server: "
        + "passed over")]
    public static partial void UnknownVariable(ILogger log, string variable);

    [LoggerMessage(4, LogLevel.Debug, "Stopping on {Signal}: {UnderWay} requests under way")]
    public static partial void Stopping(ILogger log, string signal, int underWay);

    [LoggerMessage(5, LogLevel.Warning, "Stopped with {UnderWay} requests unanswered: "
        + "they took longer than {Seconds} s")]
    public static partial void StoppedUnfinished(ILogger log, int underWay, double seconds);

    [LoggerMessage(6, LogLevel.Critical, "The server ends on a bug")]
    public static partial void LoopFailed(ILogger log, Exception bug);

    [LoggerMessage(7, LogLevel.Information, "The admin side listens on {Address}")]
    public static partial void AdminListening(ILogger log, string address);

    [LoggerMessage(8, LogLevel.Error, "{Reason}")]
    public static partial void Refused(ILogger log, string reason);

    [LoggerMessage(10, LogLevel.Warning, "This .NET runtime's HttpListener is not the one this server knows "
        + "({Missing}): slow and endless request heads, refused requests and the connection limit are not guarded")]
    public static partial void InternalsMissing(ILogger log, string missing);

    [LoggerMessage(11, LogLevel.Warning, "Accepting failed, trying again: {Reason}")]
    public static partial void AcceptFailed(ILogger log, string reason);

    [LoggerMessage(12, LogLevel.Warning, "{Open} connections are open, the limit is {Limit}: closing new ones "
        + "({Remedy})")]
    public static partial void Shedding(ILogger log, int open, int limit, string remedy);

    [LoggerMessage(13, LogLevel.Error, "A request failed on a bug; its connection was closed")]
    public static partial void RequestFailed(ILogger log, Exception bug);

    [LoggerMessage(14, LogLevel.Debug, "A client was gone before its reply: {Reason}")]
    public static partial void ClientGone(ILogger log, string reason);

    [LoggerMessage(15, LogLevel.Debug, "Closed {Count} connections with a slow or endless request head")]
    public static partial void SlowHeads(ILogger log, int count);

    [LoggerMessage(16, LogLevel.Warning, "More than {Capacity} addresses in two seconds: "
        + "their request limits start anew")]
    public static partial void AddressTableFull(ILogger log, int capacity);

    [LoggerMessage(17, LogLevel.Debug, "Held back an exception of the listener's own: {Reason}")]
    public static partial void ListenerExceptionHeldBack(ILogger log, string reason);

    [LoggerMessage(18, LogLevel.Warning, "Requests come in faster than they can be handled: answering 503")]
    public static partial void Overloaded(ILogger log);

    [LoggerMessage(20, LogLevel.Critical, "The rules failed on a bug; the server ends")]
    public static partial void ActorFailed(ILogger log, Exception bug);

    [LoggerMessage(21, LogLevel.Warning, "The server could not run for {Seconds:0.0} s (the process was paused, the "
        + "machine suspended or out of CPU): timeouts extended by that time, at most to {GraceSeconds:0.#} s from now")]
    public static partial void ServerWasSuspended(ILogger log, double seconds, double graceSeconds);

    [LoggerMessage(30, LogLevel.Warning, "The service manager cannot be told how the server is (NOTIFY_SOCKET), trying "
        + "on: {Reason}")]
    public static partial void ServiceManagerDeaf(ILogger log, string reason);

    [LoggerMessage(40, LogLevel.Information, "The state in {Directory} (sync {Sync}) is back after {Seconds:0.000} s; "
        + "players: {Players}, games: {Games}, requests replayed: {Requests}")]
    public static partial void StateRecovered(ILogger log, string directory, string sync, double seconds, int players,
        int games, long requests);

    [LoggerMessage(41, LogLevel.Information, "The state in {Directory} (sync {Sync}) is new")]
    public static partial void StateIsNew(ILogger log, string directory, string sync);

    [LoggerMessage(42, LogLevel.Warning, "The end of the journal is left out. {Cut}")]
    public static partial void StateWasCut(ILogger log, string cut);

    [LoggerMessage(43, LogLevel.Warning, "There is no room for the journal's next segment; requests will be refused "
        + "when this one is full: {Reason}")]
    public static partial void StateRunsShort(ILogger log, string reason);

    [LoggerMessage(44, LogLevel.Critical, "The state cannot be recorded: requests are answered 23, and the time of "
        + "players and games stands still, until there is room: {Reason}")]
    public static partial void StateHasNoRoom(ILogger log, string reason);

    [LoggerMessage(45, LogLevel.Information, "There is room for the state again")]
    public static partial void StateHasRoom(ILogger log);

    [LoggerMessage(46, LogLevel.Debug, "A snapshot of {Bytes} bytes was made in {Seconds:0.000} s")]
    public static partial void SnapshotMade(ILogger log, long bytes, double seconds);

    [LoggerMessage(47, LogLevel.Warning, "No snapshot of the state could be made; its journal keeps growing: {Reason}")]
    public static partial void SnapshotFailed(ILogger log, string reason);

    [LoggerMessage(48, LogLevel.Critical, "What was recorded of the state cannot be read back. Games go on, but would "
        + "not survive a crash: stop the server with SIGTERM (systemctl restart), which writes all of it anew")]
    public static partial void StateCannotBeReadBack(ILogger log, Exception damage);

    [LoggerMessage(49, LogLevel.Critical, "Syncing the state to the disk failed; the server ends and, when it is "
        + "started again, goes on from what is there")]
    public static partial void StateDiskFailed(ILogger log, Exception fault);

    [LoggerMessage(50, LogLevel.Warning, "The disk is too slow for the state: requests were answered 23 while the "
        + "journal's next segment was made, for {Seconds:0.0} s at the most")]
    public static partial void StateDiskIsSlow(ILogger log, double seconds);

    [LoggerMessage(52, LogLevel.Critical, "The state directory {Directory} {What}. Games go on in memory, and would "
        + "not survive a crash. SIGTERM (systemctl restart) writes them to {Directory}, made anew if it is missing, "
        + "unless it holds another state")]
    public static partial void StateLost(ILogger log, string directory, string what);

    [LoggerMessage(53, LogLevel.Information, "The state directory {Directory} is back, with all games")]
    public static partial void StateFound(ILogger log, string directory);

    [LoggerMessage(54, LogLevel.Warning, "{Name} was missing from the state directory {Directory}, and was written "
        + "anew")]
    public static partial void StateRestored(ILogger log, string name, string directory);

    [LoggerMessage(55, LogLevel.Information, "Wrote the games to {Directory}, whose files had been taken away")]
    public static partial void StateSaved(ILogger log, string directory);

    [LoggerMessage(51, LogLevel.Warning, "No last snapshot of the state could be made; the next start replays its "
        + "journal: {Reason}")]
    public static partial void LastSnapshotFailed(ILogger log, string reason);
}
