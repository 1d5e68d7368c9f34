using System.Text;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Cluster.Link;

/// <summary>
/// The payloads of requests and answers. Each begins with the number by which the client matches them. Reading never
/// throws; it refuses bytes that are missing, left over or out of range.
/// </summary>
internal static class LinkCodec
{
    private const byte IsWaitingQueryFlag = 1;
    private const byte ReceivedFlag = 2;
    private const byte ShardFlag = 4;
    private const byte IsMessagesFlag = 8;
    private const byte IsHandOverFlag = 16;
    private const byte IsReportFlag = 32;
    private const byte KindFlags = IsWaitingQueryFlag | IsMessagesFlag | IsHandOverFlag | IsReportFlag;
    private const byte RequestFlags = KindFlags | ReceivedFlag | ShardFlag;

    private const byte WasHeldFlag = 1;
    private const byte IsOverloadFlag = 2;
    private const byte SymbolFlag = 4;
    private const byte TurnCounterFlag = 8;
    private const byte TotalsFlag = 16;
    private const byte PartnerSilentFlag = 32;
    private const byte ReplyFlags = 63;

    // Number, flags, wait and address.
    private const int RequestFixedBytes = sizeof(long) + 1 + sizeof(int) + 16;

    // Number and outcome.
    private const int AnswerFixedBytes = sizeof(long) + 1;

    // Flags, error, code and applied wait.
    private const int ReplyFixedBytes = 3 + sizeof(int);

    public static int LengthOf(in ForwardedRequest request) => RequestFixedBytes + request.Body.Length
        + (request.Shard == 0 ? 0 : sizeof(int))
        + (request.Received is { } received ? sizeof(int) + Encoding.UTF8.GetByteCount(received) : 0);

    /// <summary>Writes a request into a span of its <see cref="LengthOf(in ForwardedRequest)"/>.</summary>
    public static void Write(Span<byte> payload, long number, in ForwardedRequest request)
    {
        var fields = new LinkFieldWriter(payload);
        fields.Long(number);
        fields.Byte((byte)(FlagOf(request.Kind)
            | (request.Received is null ? 0 : ReceivedFlag)
            | (request.Shard == 0 ? 0 : ShardFlag)));
        fields.Int(request.WaitSeconds);
        fields.Bits(request.From.Bits);
        if (request.Shard != 0)
            fields.Int(request.Shard);
        if (request.Received is { } received)
            fields.Text(received);
        fields.Rest(request.Body.Span);
    }

    /// <summary>Reads a request; its body is a copy, as it outlives the read buffer.</summary>
    public static bool TryReadRequest(ReadOnlySpan<byte> payload, out long number, out ForwardedRequest request)
    {
        var fields = new LinkFieldReader(payload);
        number = fields.Long();
        var flags = fields.Flags(RequestFlags);
        var waitSeconds = fields.Int();
        var from = ClientAddress.OfBits(fields.Bits());
        var shard = (flags & ShardFlag) != 0 ? fields.Int() : 0;
        var received = (flags & ReceivedFlag) != 0 ? fields.Text() : null;
        var body = fields.Rest();
        request = default;
        if (!fields.IsComplete || (shard <= 0 && (flags & ShardFlag) != 0) || KindOf(flags) is not { } kind)
            return false;
        request = new ForwardedRequest(body.ToArray(), received, waitSeconds, from, kind) { Shard = shard };
        return true;
    }

    public static int LengthOf(in ForwardAnswer answer) => AnswerFixedBytes + (answer.Outcome == ForwardOutcome.Replied
        ? LengthOf(answer.Reply)
        : 0);

    /// <summary>Writes an answer into a span of its <see cref="LengthOf(in ForwardAnswer)"/>.</summary>
    public static void Write(Span<byte> payload, long number, in ForwardAnswer answer)
    {
        var fields = new LinkFieldWriter(payload);
        fields.Long(number);
        fields.Byte((byte)answer.Outcome);
        if (answer.Outcome == ForwardOutcome.Replied)
            Write(ref fields, answer.Reply);
    }

    /// <summary>Reads an answer; the reply's body is a copy.</summary>
    public static bool TryReadAnswer(ReadOnlySpan<byte> payload, out long number, out ForwardAnswer answer)
    {
        var fields = new LinkFieldReader(payload);
        number = fields.Long();
        var outcome = fields.OneOf<ForwardOutcome>();
        answer = default;
        if (!fields.IsValid)
            return false;
        var reply = default(WireReply);
        if (outcome == ForwardOutcome.Replied && !TryReadReply(ref fields, out reply))
            return false;
        if (!fields.IsComplete)
            return false;
        answer = new ForwardAnswer(outcome, reply);
        return true;
    }

    private static byte FlagOf(ForwardedKind kind) => kind switch
    {
        ForwardedKind.WaitingQuery => IsWaitingQueryFlag,
        ForwardedKind.Messages => IsMessagesFlag,
        ForwardedKind.HandOver => IsHandOverFlag,
        ForwardedKind.Report => IsReportFlag,
        _ => 0,
    };

    // Null: two kinds at once.
    private static ForwardedKind? KindOf(byte flags) => (flags & KindFlags) switch
    {
        0 => ForwardedKind.Request,
        IsWaitingQueryFlag => ForwardedKind.WaitingQuery,
        IsMessagesFlag => ForwardedKind.Messages,
        IsHandOverFlag => ForwardedKind.HandOver,
        IsReportFlag => ForwardedKind.Report,
        _ => null,
    };

    private static int LengthOf(in WireReply reply) => ReplyFixedBytes
        + (reply.Symbol is null ? 0 : 1)
        + (reply.TurnCounter is null ? 0 : sizeof(long))
        + (reply.Totals is null ? 0 : 2 * sizeof(long))
        + (reply.PartnerSilentSeconds is null ? 0 : sizeof(int))
        + reply.Body.Length;

    private static byte FlagsOf(in WireReply reply) => (byte)((reply.WasHeld ? WasHeldFlag : 0)
        | (reply.IsOverload ? IsOverloadFlag : 0)
        | (reply.Symbol is null ? 0 : SymbolFlag)
        | (reply.TurnCounter is null ? 0 : TurnCounterFlag)
        | (reply.Totals is null ? 0 : TotalsFlag)
        | (reply.PartnerSilentSeconds is null ? 0 : PartnerSilentFlag));

    private static void Write(ref LinkFieldWriter fields, in WireReply reply)
    {
        fields.Byte(FlagsOf(reply));
        fields.Byte((byte)reply.Error);
        fields.Byte((byte)reply.Code);
        fields.Int(reply.AppliedWaitSeconds);
        if (reply.Symbol is { } symbol)
            fields.Byte((byte)symbol);
        if (reply.TurnCounter is { } counter)
            fields.Long(counter);
        if (reply.Totals is { } totals)
        {
            fields.Long(totals.Taken);
            fields.Long(totals.Acknowledged);
        }

        if (reply.PartnerSilentSeconds is { } seconds)
            fields.Int(seconds);
        fields.Rest(reply.Body);
    }

    private static bool TryReadReply(ref LinkFieldReader fields, out WireReply reply)
    {
        var flags = fields.Flags(ReplyFlags);
        var error = fields.OneOf<ErrorCode>();
        var code = fields.OneOf<ReplyCode>();
        var appliedWaitSeconds = fields.Int();
        Symbol? symbol = (flags & SymbolFlag) != 0 ? fields.OneOf<Symbol>() : null;
        long? counter = (flags & TurnCounterFlag) != 0 ? fields.Long() : null;
        TurnTotals? totals = (flags & TotalsFlag) != 0 ? new TurnTotals(fields.Long(), fields.Long()) : null;
        int? silentSeconds = (flags & PartnerSilentFlag) != 0 ? fields.Int() : null;
        var body = fields.Rest();
        reply = default;
        if (!fields.IsValid)
            return false;
        reply = new WireReply(body.ToArray(), error)
        {
            Code = code,
            Symbol = symbol,
            WasHeld = (flags & WasHeldFlag) != 0,
            AppliedWaitSeconds = appliedWaitSeconds,
            TurnCounter = counter,
            Totals = totals,
            PartnerSilentSeconds = silentSeconds,
            IsOverload = (flags & IsOverloadFlag) != 0,
        };
        return true;
    }
}
