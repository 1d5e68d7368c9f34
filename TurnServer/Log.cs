using Microsoft.Extensions.Logging;
using TurnServer.Http.WebSockets;

namespace TurnServer;

/// <summary>
/// Every log message, numbered. None is written per request at the default level, and none holds player data or a whole
/// key. 1 to 9: start and stop; 10 to 19: the HTTP front; 20 to 29: the actor; 30 to 39: the service manager;
/// 40 to 59: the state; 60 to 79: the cluster; 80 to 89: the links between its
/// servers.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "TurnServer {Version} listens on {Address}, process {ProcessId}; limits: "
        + "{Players} players, {Games} games, {Connections} connections; per client address: {PlayersPerAddress} "
        + "players, {ConnectionsPerAddress} connections, {RequestsPerSecond} requests/s")]
    public static partial void Listening(ILogger log, string version, string address, int processId, int players,
        int games, int connections, string playersPerAddress, string connectionsPerAddress,
        string requestsPerSecond);

    [LoggerMessage(2, LogLevel.Information, "Stopped on {Signal} after {Requests} requests")]
    public static partial void Stopped(ILogger log, string signal, long requests);

    [LoggerMessage(3, LogLevel.Warning, "Ignoring unknown environment variable {Variable}")]
    public static partial void UnknownVariable(ILogger log, string variable);

    [LoggerMessage(4, LogLevel.Debug, "Stopping on {Signal}: {UnderWay} requests in progress")]
    public static partial void Stopping(ILogger log, string signal, int underWay);

    [LoggerMessage(5, LogLevel.Warning, "Stopped with {UnderWay} requests unanswered: "
        + "they took longer than {Seconds} s")]
    public static partial void StoppedUnfinished(ILogger log, int underWay, double seconds);

    [LoggerMessage(6, LogLevel.Critical, "Unhandled exception; exiting")]
    public static partial void LoopFailed(ILogger log, Exception bug);

    [LoggerMessage(7, LogLevel.Information, "Serving the admin port on {Address}")]
    public static partial void AdminListening(ILogger log, string address);

    [LoggerMessage(8, LogLevel.Error, "{Reason}")]
    public static partial void Refused(ILogger log, string reason);

    [LoggerMessage(9, LogLevel.Information, "Serving the demo on {Address}")]
    public static partial void DemoListening(ILogger log, string address);

    [LoggerMessage(10, LogLevel.Warning, "Unknown HttpListener in this .NET runtime ({Missing}): "
        + "running without limits on slow or endless request heads and on connections")]
    public static partial void InternalsMissing(ILogger log, string missing);

    [LoggerMessage(11, LogLevel.Warning, "Accept failed, retrying: {Reason}")]
    public static partial void AcceptFailed(ILogger log, string reason);

    [LoggerMessage(12, LogLevel.Warning, "Connection limit reached ({Open} open, limit {Limit}), closing new "
        + "connections: {Remedy}")]
    public static partial void Shedding(ILogger log, int open, int limit, string remedy);

    [LoggerMessage(13, LogLevel.Error, "Unhandled exception in a request; its connection was closed")]
    public static partial void RequestFailed(ILogger log, Exception bug);

    [LoggerMessage(14, LogLevel.Debug, "Client disconnected before its reply: {Reason}")]
    public static partial void ClientGone(ILogger log, string reason);

    [LoggerMessage(19, LogLevel.Debug, "WebSocket ended: {End}")]
    public static partial void WebSocketEnded(ILogger log, SocketEnd end);

    [LoggerMessage(15, LogLevel.Debug, "Closed {Count} connections with slow or endless request heads")]
    public static partial void SlowHeads(ILogger log, int count);

    [LoggerMessage(16, LogLevel.Warning, "More than {Capacity} client addresses in two seconds: "
        + "their request rate limits were reset")]
    public static partial void AddressTableFull(ILogger log, int capacity);

    [LoggerMessage(17, LogLevel.Debug, "Suppressed an exception in HttpListener: {Reason}")]
    public static partial void ListenerExceptionSuppressed(ILogger log, string reason);

    [LoggerMessage(18, LogLevel.Warning, "Overloaded: requests arrive faster than they are handled, answering 503")]
    public static partial void Overloaded(ILogger log);

    [LoggerMessage(20, LogLevel.Critical, "Unhandled exception in the rules; exiting")]
    public static partial void ActorFailed(ILogger log, Exception bug);

    [LoggerMessage(21, LogLevel.Warning, "The process was suspended for {Seconds:0.0} s (paused, machine asleep or out "
        + "of CPU): timeouts extended by that time, at most to {GraceSeconds:0.#} s from now")]
    public static partial void ServerWasSuspended(ILogger log, double seconds, double graceSeconds);

    [LoggerMessage(30, LogLevel.Warning, "sd_notify failed (NOTIFY_SOCKET), retrying: {Reason}")]
    public static partial void NotifyFailed(ILogger log, string reason);

    [LoggerMessage(40, LogLevel.Information, "Recovered state from {Directory} in {Seconds:0.000} s: {Players} "
        + "players, {Games} games, {Requests} requests replayed (sync: {Sync})")]
    public static partial void StateRecovered(ILogger log, string directory, string sync, double seconds, int players,
        int games, long requests);

    [LoggerMessage(41, LogLevel.Information, "Created new state in {Directory} (sync: {Sync})")]
    public static partial void StateCreated(ILogger log, string directory, string sync);

    [LoggerMessage(42, LogLevel.Warning, "Discarded the end of the journal: {Discarded}")]
    public static partial void JournalTailDiscarded(ILogger log, string discarded);

    [LoggerMessage(43, LogLevel.Warning, "No space for the next journal segment; requests will be refused when the "
        + "current one is full: {Reason}")]
    public static partial void JournalSpaceLow(ILogger log, string reason);

    [LoggerMessage(44, LogLevel.Critical, "Cannot write the journal: answering all requests with reply 23 and "
        + "suspending all timeouts until there is space: {Reason}")]
    public static partial void JournalStalled(ILogger log, string reason);

    [LoggerMessage(45, LogLevel.Information, "Journal space available; accepting requests")]
    public static partial void JournalSpaceAvailable(ILogger log);

    [LoggerMessage(46, LogLevel.Debug, "Wrote a snapshot of {Bytes} bytes in {Seconds:0.000} s")]
    public static partial void SnapshotWritten(ILogger log, long bytes, double seconds);

    [LoggerMessage(47, LogLevel.Warning, "Writing a snapshot failed, retrying; the journal keeps growing: {Reason}")]
    public static partial void SnapshotFailed(ILogger log, string reason);

    [LoggerMessage(48, LogLevel.Critical, "Cannot read back the recorded state; compaction is disabled. Games "
        + "continue, but would not survive a crash. Stop the server with SIGTERM (systemctl restart) to write the "
        + "whole state again")]
    public static partial void CompactionDisabled(ILogger log, Exception damage);

    [LoggerMessage(49, LogLevel.Critical, "Syncing the journal to the disk failed; exiting. The next start recovers "
        + "what the disk holds")]
    public static partial void DiskSyncFailed(ILogger log, Exception fault);

    [LoggerMessage(50, LogLevel.Warning, "Slow disk: answered requests with reply 23 for up to {Seconds:0.0} s "
        + "while creating the next journal segment")]
    public static partial void StateDiskIsSlow(ILogger log, double seconds);

    [LoggerMessage(51, LogLevel.Warning, "Writing the final snapshot failed; the next start replays the journal: "
        + "{Reason}")]
    public static partial void FinalSnapshotFailed(ILogger log, string reason);

    [LoggerMessage(52, LogLevel.Critical, "The state directory {Directory} {What}. Games continue in memory, but would "
        + "not survive a crash. SIGTERM (systemctl restart) writes them to {Directory}, created if it is missing, "
        + "unless it holds another state")]
    public static partial void StateDirectoryLost(ILogger log, string directory, string what);

    [LoggerMessage(53, LogLevel.Information, "The state directory {Directory} is available again; all games are in it")]
    public static partial void StateDirectoryAvailable(ILogger log, string directory);

    [LoggerMessage(54, LogLevel.Warning, "{Name} was missing from the state directory {Directory}; wrote it again")]
    public static partial void StateFileRestored(ILogger log, string name, string directory);

    [LoggerMessage(55, LogLevel.Information, "Wrote the games to {Directory}, whose files had been removed")]
    public static partial void GamesWrittenToLostDirectory(ILogger log, string directory);

    [LoggerMessage(60, LogLevel.Information, "In the cluster {Cluster} on {Store}; the other servers reach this one at "
        + "{Address}")]
    public static partial void ClusterJoined(ILogger log, string cluster, string store, string address);

    [LoggerMessage(61, LogLevel.Information, "Took over the table ({Cause}; takeover {Epoch}): {Players} players, "
        + "{Games} games; nobody is dropped for silence for {GraceSeconds} s")]
    public static partial void TookOver(ILogger log, string cause, long epoch, int players, int games,
        double graceSeconds);

    [LoggerMessage(62, LogLevel.Information, "The server at {Address} owns the table; this one passes requests to it "
        + "and stands by")]
    public static partial void StandsBy(ILogger log, string address);

    [LoggerMessage(63, LogLevel.Warning, "Another server has taken over the table; this one drops it, and answers none "
        + "of the requests that it was working on")]
    public static partial void OwnershipLost(ILogger log);

    [LoggerMessage(64, LogLevel.Information, "Handed over the table")]
    public static partial void HandedOver(ILogger log);

    [LoggerMessage(65, LogLevel.Critical, "Nothing can be recorded: {Reason}. Requests get the reply 23 until that "
        + "works again; nothing is lost, and nobody is dropped meanwhile")]
    public static partial void ClusterStalled(ILogger log, string reason);

    [LoggerMessage(66, LogLevel.Information, "Recording works again")]
    public static partial void ClusterResumed(ILogger log);

    [LoggerMessage(67, LogLevel.Warning, "Cannot follow the log, so this server cannot take over for now: {Reason}")]
    public static partial void LogUnavailable(ILogger log, string reason);

    [LoggerMessage(68, LogLevel.Information, "Follows the log again")]
    public static partial void LogAvailable(ILogger log);

    [LoggerMessage(69, LogLevel.Critical, "This server passes requests on, but cannot take over: {Reason}. Start the "
        + "version that the other servers run, or a later one")]
    public static partial void CannotFollow(ILogger log, string reason);

    [LoggerMessage(70, LogLevel.Debug, "Wrote a snapshot of {Bytes} bytes to the log")]
    public static partial void ClusterSnapshotWritten(ILogger log, long bytes);

    [LoggerMessage(71, LogLevel.Warning, "Writing a snapshot to the log failed, and is tried again: {Reason}")]
    public static partial void ClusterSnapshotFailed(ILogger log, string reason);

    [LoggerMessage(72, LogLevel.Critical, "The log cannot be read back, so that no snapshots can be written. Games "
        + "continue until the log is full. Stop this server in order (systemctl stop), and keep a copy of etcd's data")]
    public static partial void ClusterSnapshotsDisabled(ILogger log, Exception damage);

    [LoggerMessage(73, LogLevel.Warning, "The password of etcd's user {User} is sent in clear: give --cluster https:// "
        + "addresses")]
    public static partial void PasswordInClear(ILogger log, string user);

    [LoggerMessage(74, LogLevel.Warning, "The registration of this server at {Address} was deleted, by a server with "
        + "the same --advertise address or by hand; registered again")]
    public static partial void RegistrationDeleted(ILogger log, string address);

    [LoggerMessage(75, LogLevel.Error, "Server {Id} is registered at {Address}, the address of this server: requests "
        + "may reach the wrong one. Give each server an --advertise address of its own")]
    public static partial void AddressShared(ILogger log, string id, string address);

    [LoggerMessage(76, LogLevel.Warning, "etcd's database has reached {Bytes} bytes; the alarm is at {AlarmBytes}. At "
        + "its quota nothing can be recorded any more. Defragment it (etcdctl defrag), or raise --quota-backend-bytes")]
    public static partial void EtcdNearlyFull(ILogger log, long bytes, long alarmBytes);

    [LoggerMessage(77, LogLevel.Error, "{Split}")]
    public static partial void EtcdSplit(ILogger log, string split);

    [LoggerMessage(78, LogLevel.Warning, "etcd's history could not be compacted, and its database grows until it can: "
        + "{Reason}")]
    public static partial void EtcdNotCompacted(ILogger log, string reason);

    [LoggerMessage(79, LogLevel.Warning, "Ignored etcd's key {Key}: \"{Value}\" says no owner of a shard")]
    public static partial void OwnerIgnored(ILogger log, string key, string value);

    [LoggerMessage(80, LogLevel.Information, "Connected to server {Address} of the cluster")]
    public static partial void LinkEstablished(ILogger log, string address);

    [LoggerMessage(81, LogLevel.Warning, "Lost the connection to server {Address} of the cluster: {Reason}")]
    public static partial void LinkLost(ILogger log, string address, string reason);

    [LoggerMessage(82, LogLevel.Information, "Server {Id} of the cluster connected from {Address}")]
    public static partial void LinkAccepted(ILogger log, string id, string address);

    [LoggerMessage(83, LogLevel.Warning, "Lost the connection of server {Id} of the cluster from {Address}: "
        + "{Reason}")]
    public static partial void LinkFromLost(ILogger log, string id, string address, string reason);

    [LoggerMessage(84, LogLevel.Warning, "Refused a connection from {Address} on the cluster port: {Reason} "
        + "(and {Suppressed} others since the last such message)")]
    public static partial void LinkRefused(ILogger log, string address, string reason, int suppressed);

    [LoggerMessage(85, LogLevel.Error, "Unhandled exception in a request from another server of the cluster")]
    public static partial void ForwardedRequestFailed(ILogger log, Exception bug);

    [LoggerMessage(86, LogLevel.Error, "Unhandled exception on the connection of server {Address} of the cluster; it "
        + "was closed")]
    public static partial void LinkFailed(ILogger log, Exception bug, string address);

    [LoggerMessage(87, LogLevel.Warning, "Accept failed on the cluster port, retrying: {Reason}")]
    public static partial void LinkAcceptFailed(ILogger log, string reason);

    [LoggerMessage(88, LogLevel.Information, "Shard {Shard} is the server's at {Address} from now on")]
    public static partial void ShardMoved(ILogger log, int shard, string address);

    [LoggerMessage(89, LogLevel.Information, "The games of this cluster are spread over {Shards} shards")]
    public static partial void ClusterHasShards(ILogger log, int shards);

    [LoggerMessage(90, LogLevel.Warning, "--cluster-shards {Wanted} has no effect: this cluster was made with "
        + "{Shards}, which stays. Another --cluster-name makes another cluster")]
    public static partial void ClusterShardsDiffer(ILogger log, int wanted, int shards);
}
