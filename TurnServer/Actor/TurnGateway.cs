using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Protocol;

namespace TurnServer.Actor;

/// <summary>Answers requests of players by asking the actor of this process.</summary>
/// <param name="actor">Decides the replies.</param>
/// <param name="waitSecondsMax">The longest that a reply is held, in seconds; 0: none is held.</param>
/// <param name="log">For overload.</param>
/// <param name="confirmsQueries">
/// Whether a reply that records nothing waits until it is certain that the table is still this server's.
/// </param>
public sealed class TurnGateway(TurnActor actor, int waitSecondsMax, ILogger log, bool confirmsQueries = false)
    : IPlayerGateway
{
    private static readonly TimeSpan OverloadLogInterval = TimeSpan.FromMinutes(1);

    private long _overloadLoggedAt;

    /// <inheritdoc/>
    public async ValueTask<WireReply> AskAsync(ReadOnlyMemory<byte> body, string? received, int waitSeconds,
        ClientAddress from, bool mayResumeInline = false)
    {
        if (!TryParse(body.Span, received, out var turn, out var refusal))
            return WireReply.Of(refusal);
        var allowedSeconds = PossibleReplies.CanBeHeld(turn.Symbol) ? Math.Min(waitSeconds, waitSecondsMax) : 0;
        WireReply reply;
        try
        {
            // The journal records the fields, not the line break, so that earlier versions can replay it.
            var fields = body[..RequestParser.LengthWithoutLineBreak(body.Span)];
            reply = await actor.AskAsync(turn, fields, from, allowedSeconds, mayResumeInline);
            if (reply.IsOverload)
                LogOverload();
        }
        catch (ActorFailedException)
        {
            // Logged by the actor; the process is about to end.
            reply = WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy));
        }

        return reply with { Symbol = turn.Symbol };
    }

    /// <inheritdoc/>
    public async ValueTask<WireReply> GetWaitingAsync(string query)
    {
        if (!WaitingQuery.TryParse(query, out var pool))
            return WireReply.Of(Reply.Refuse(ErrorCode.PostDataFormat, (byte)FormatFault.Key));
        try
        {
            var line = await actor.QueryAsync(table => table.GetWaiting(pool));
            if (confirmsQueries)
                await actor.ConfirmAsync();
            return new WireReply(Encoding.ASCII.GetBytes(line.ToString()), ErrorCode.None);
        }
        catch (Exception e) when (e is ActorBusyException or ActorFailedException)
        {
            return WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy));
        }
    }

    /// <summary>Parses a body with its <c>Turn-Received</c>; false: the refusal is the reply.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> body, string? received, out TurnRequest turn, out Reply refusal)
    {
        if (!RequestParser.TryParse(body, out turn, out refusal))
            return false;
        if (turn.Symbol != Symbol.GameUpdate || received is null)
            return true;
        if (!TurnReceivedHeader.TryParse(received, out var bytes))
        {
            // Not ignored: that would acknowledge turns that have not arrived.
            refusal = Reply.Refuse(ErrorCode.PostDataFormat, (byte)FormatFault.Counter);
            return false;
        }

        turn = turn with { ReceivedBytes = bytes };
        return true;
    }

    private void LogOverload()
    {
        var last = Volatile.Read(ref _overloadLoggedAt);
        var now = Stopwatch.GetTimestamp();
        if (last != 0 && Stopwatch.GetElapsedTime(last, now) < OverloadLogInterval)
            return;
        if (Interlocked.CompareExchange(ref _overloadLoggedAt, now, last) == last)
            Log.Overloaded(log);
    }
}
