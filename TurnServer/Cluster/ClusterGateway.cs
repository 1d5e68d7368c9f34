using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Cluster;

/// <summary>
/// Answers requests of players wherever the table is: here, or on another server, or, for a moment, nowhere. While it
/// moves, requests wait, and those that were under way are asked again, if that is safe.
/// </summary>
/// <param name="node">Knows where each table is.</param>
/// <param name="passOn">Asks another server.</param>
/// <param name="clock">Measures how long a request has waited.</param>
internal sealed class ClusterGateway(ClusterNode node, Func<ClusterMember, ForwardedRequest, ValueTask<ForwardAnswer>>
    passOn, TimeProvider clock) : IPlayerGateway
{
    /// <summary>
    /// How long a request waits for an owner: twice as long as the slowest takeover should take, and less than clients
    /// wait.
    /// </summary>
    public static readonly TimeSpan OwnerTimeout = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _draining = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // How long to wait before the same owner is asked again.
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// What this server reports of itself (<see cref="ServerReport"/>); set by what shows the cluster.
    /// </summary>
    public Func<Task<byte[]>> Report { get; set; } = () => Task.FromResult<byte[]>([]);

    /// <inheritdoc/>
    public async ValueTask<WireReply> AskAsync(ReadOnlyMemory<byte> body, string? received, int waitSeconds,
        ClientAddress from, bool mayResumeInline = false)
    {
        // Here, so that nonsense costs the owner nothing.
        if (!TurnGateway.TryParse(body.Span, received, out var turn, out var refusal))
            return WireReply.Of(refusal);
        var heldSeconds = PossibleReplies.CanBeHeld(turn.Symbol) ? waitSeconds : 0;
        var request = new ForwardedRequest(body, received, heldSeconds, from) { Shard = node.Role.ShardOf(turn) };
        return await AskOwnerAsync(request, IsRepeatable(turn)) with { Symbol = turn.Symbol };
    }

    /// <inheritdoc/>
    public ValueTask<WireReply> GetWaitingAsync(string query) => AskOwnerAsync(
        new ForwardedRequest(Encoding.UTF8.GetBytes(query), null, 0, default, ForwardedKind.WaitingQuery),
        isRepeatable: true);

    /// <summary>Has all replies that another server holds answered as they stand, and holds none from now on.</summary>
    public void Drain() => _draining.TrySetResult();

    /// <summary>Answers a request that another server has passed on. Not passed on again: that server has to.</summary>
    public async ValueTask<ForwardAnswer> AnswerAsync(ForwardedRequest request)
    {
        if (request.Shard >= node.Shards.Count)
            return ForwardAnswer.NotTaken;
        var shard = node.Shards[request.Shard];
        switch (request.Kind)
        {
            case ForwardedKind.Messages:
                return await shard.ReceiveAsync(request.Body) is { } applied
                    ? ForwardAnswer.Of(new WireReply([], ErrorCode.None) { TurnCounter = applied })
                    : ForwardAnswer.NotTaken;
            case ForwardedKind.HandOver:
                return await node.TryHandOverAsync(request.Shard, Encoding.UTF8.GetString(request.Body.Span))
                    ? ForwardAnswer.Of(new WireReply([], ErrorCode.None))
                    : ForwardAnswer.NotTaken;
            case ForwardedKind.Report:
                return ForwardAnswer.Of(new WireReply(await Report(), ErrorCode.None));
            default:
                var route = shard.Route;
                return route.Here is { } here ? await AskAsync(here, shard, route, request) : ForwardAnswer.NotTaken;
        }
    }

    /// <summary>
    /// Sends messages of one shard to the owner of another; see <see cref="ShardCourier"/>.
    /// </summary>
    public async ValueTask<long?> SendMessagesAsync(int shard, ReadOnlyMemory<byte> frame)
    {
        var route = node.Shards[shard].Route;
        if (route.Here is not null)
            return await node.Shards[shard].ReceiveAsync(frame);
        if (route.Owner is not { } owner)
            return null;
        var request = new ForwardedRequest(frame, null, 0, default, ForwardedKind.Messages) { Shard = shard };
        var answer = await passOn(owner, request);
        return answer.Outcome == ForwardOutcome.Replied ? answer.Reply.TurnCounter : null;
    }

    /// <summary>
    /// Asks the owner of a shard to hand it over to a server; see <see cref="Placement.ShardMover"/>.
    /// </summary>
    /// <returns>Whether it has done so.</returns>
    public async ValueTask<bool> AskForShardAsync(ClusterMember owner, int shard, string to)
    {
        var request = new ForwardedRequest(Encoding.UTF8.GetBytes(to), null, 0, default, ForwardedKind.HandOver)
        {
            Shard = shard,
        };
        return (await passOn(owner, request)).Outcome == ForwardOutcome.Replied;
    }

    /// <summary>Asks another server for its report; null: it does not answer.</summary>
    public async Task<byte[]?> AskForReportAsync(ClusterMember server)
    {
        var request = new ForwardedRequest(default, null, 0, default, ForwardedKind.Report);
        var answer = await passOn(server, request);
        return answer.Outcome == ForwardOutcome.Replied ? answer.Reply.Body : null;
    }

    /// <summary>
    /// Whether a request may be made again when nobody knows whether it was applied. A REGISTER without a token may
    /// not: it would register a second player, whom the first one is paired with. All others give what a client gets
    /// that repeats them.
    /// </summary>
    private static bool IsRepeatable(in TurnRequest turn) =>
        turn.Symbol != Symbol.Register || !turn.Token.Equals(default);

    private async ValueTask<WireReply> AskOwnerAsync(ForwardedRequest request, bool isRepeatable)
    {
        var shard = node.Shards[request.Shard];
        var startedAt = clock.GetTimestamp();
        long? failedAt = null;
        var mayHaveBeenTaken = false;
        while (true)
        {
            var route = shard.Route;
            var elapsed = clock.GetElapsedTime(startedAt);
            var again = request with { WaitSeconds = Math.Max(0, request.WaitSeconds - (int)elapsed.TotalSeconds) };
            var askedAt = clock.GetTimestamp();
            var answer = route switch
            {
                { Here: { } here } => await AskHereAsync(here, shard, route, again, isRepeatable),
                { Owner: { } owner } => await PassOnAsync(owner, again),
                _ => ForwardAnswer.NotTaken,
            };
            // 23 says that a request was not taken: true of this attempt, but perhaps not of an earlier one.
            var isBusy = answer is { Outcome: ForwardOutcome.Replied, Reply.Error: ErrorCode.ServerBusy };
            if (answer.Outcome == ForwardOutcome.Replied && !(isBusy && mayHaveBeenTaken))
                return answer.Reply;
            // A query changes nothing, so that it does not matter whether it was answered.
            mayHaveBeenTaken |= answer.Outcome == ForwardOutcome.Unknown && request.Kind != ForwardedKind.WaitingQuery;
            // A request that was held for a while begins to wait anew.
            if (failedAt is null || clock.GetElapsedTime(askedAt) >= OwnerTimeout)
                failedAt = clock.GetTimestamp();
            var isOver = clock.GetElapsedTime(failedAt.Value) >= OwnerTimeout || !shard.MayFindOwner
                || (shard.IsCutOff && shard.Route == route);
            if (mayHaveBeenTaken && (!isRepeatable || isOver))
                throw new OutcomeUnknownException();
            if (isOver)
                return WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy));
            await WaitForAnotherAsync(route);
        }
    }

    // Only requests that can be held, all of which may be repeated. A further request of the same player makes the
    // owner answer the one that it holds (PROTOCOL.md, "Waiting for news").
    private async ValueTask<ForwardAnswer> PassOnAsync(ClusterMember owner, ForwardedRequest request)
    {
        if (request.WaitSeconds == 0)
            return await passOn(owner, request);
        if (!_draining.Task.IsCompleted)
        {
            var held = passOn(owner, request).AsTask();
            if (await Task.WhenAny(held, _draining.Task) == held)
                return await held;
        }

        return await passOn(owner, request with { WaitSeconds = 0 });
    }

    private async Task WaitForAnotherAsync(Route route)
    {
        var pause = Task.Delay(RetryPause, clock);
        await Task.WhenAny(route.Changed, pause);
    }

    // Only requests of this server's own players: they are to repeat them at another server, instead of waiting for the
    // log, or until the time for which their reply is held is over.
    private static async ValueTask<ForwardAnswer> AskHereAsync(IPlayerGateway here, ClusterShard shard, Route route,
        ForwardedRequest request, bool isRepeatable)
    {
        // It comes too late to wait for the log: its player is told so at once.
        var stalled = shard.Stalled;
        if (stalled.IsCancellationRequested)
            return ForwardAnswer.NotTaken;
        var asking = AskAsync(here, shard, route, request);
        if (!isRepeatable || asking.IsCompleted)
            return await asking;
        try
        {
            // Not Task.WhenAny: thousands wait, and leaving such a task takes a search.
            return await asking.AsTask().WaitAsync(stalled);
        }
        catch (OperationCanceledException) when (stalled.IsCancellationRequested)
        {
            return ForwardAnswer.Unknown;
        }
    }

    private static async ValueTask<ForwardAnswer> AskAsync(IPlayerGateway here, ClusterShard shard, Route route,
        ForwardedRequest request)
    {
        try
        {
            var reply = request.Kind == ForwardedKind.WaitingQuery
                ? await here.GetWaitingAsync(Encoding.UTF8.GetString(request.Body.Span))
                : await here.AskAsync(request.Body, request.Received, request.WaitSeconds, request.From);
            // An actor that is about to end refuses what is left in its mailbox.
            var isRefused = reply.Error == ErrorCode.ServerBusy && shard.Route != route;
            return isRefused ? ForwardAnswer.NotTaken : ForwardAnswer.Of(reply);
        }
        catch (OwnershipLostException)
        {
            return ForwardAnswer.Unknown;
        }
    }
}
