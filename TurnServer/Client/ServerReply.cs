using System.Buffers.Text;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>
/// A parsed reply: <c>0/CODE/DATA</c> or <c>ERROR/DETAIL/DATA</c> (PROTOCOL.md, "Reply").
/// </summary>
public readonly record struct ServerReply
{
    /// <summary>Why the request was refused; <see cref="ErrorCode.None"/> when it was not.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>The second field of an error; null stands for <c>*</c>.</summary>
    public byte? Detail { get; init; }

    /// <summary>The second field of a successful reply; undefined when <see cref="Error"/> is set.</summary>
    public ReplyCode Code { get; init; }

    /// <summary>What follows the second slash of a successful reply.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Whether the server held it (<c>Preference-Applied</c>).</summary>
    public bool WasHeld { get; init; }

    /// <summary>The header <c>Turn-Counter</c>; null if there is none.</summary>
    public long? TurnCounter { get; init; }

    /// <summary>
    /// The headers <c>Turns-Taken</c> and <c>Turns-Acknowledged</c>; null if they are missing (PROTOCOL.md, "Coming
    /// back").
    /// </summary>
    public TurnTotals? Totals { get; init; }

    /// <summary>The header <c>Partner-Silent</c>, in seconds; null if there is none, as from an older server.</summary>
    public int? PartnerSilentSeconds { get; init; }

    /// <summary>
    /// This reply with the numbers that came beside it, each null if it is missing or unreadable. Impossible ones are
    /// ignored: something on the way may have changed them.
    /// </summary>
    internal ServerReply With(long? counter, long? taken, long? acknowledged, long? silentSeconds) => this with
    {
        TurnCounter = counter,
        Totals = taken is >= 0 and var sent && acknowledged is >= 0 and var read ? new TurnTotals(sent, read) : null,
        PartnerSilentSeconds = silentSeconds is >= 0 and <= int.MaxValue ? (int)silentSeconds : null,
    };

    /// <summary>Parses a body; false if it is not a turn server's reply.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> body, bool wasHeld, out ServerReply reply)
    {
        reply = default;
        var bytes = body.Span;
        if (!TryTakeNumber(ref bytes, out var error))
            return false;
        if (error == 0)
        {
            if (!TryTakeNumber(ref bytes, out var code) || !Enum.IsDefined((ReplyCode)code))
                return false;
            reply = new ServerReply { Code = (ReplyCode)code, Data = body[^bytes.Length..], WasHeld = wasHeld };
            return true;
        }

        byte? detail = null;
        if (bytes is [(byte)'*', (byte)'/', ..])
            bytes = bytes[2..];
        else if (TryTakeNumber(ref bytes, out var number))
            detail = number;
        else
            return false;
        reply = new ServerReply { Error = (ErrorCode)error, Detail = detail, WasHeld = wasHeld };
        return Enum.IsDefined(reply.Error) && bytes is [(byte)'*'];
    }

    /// <summary>Whether a successful reply with this code can answer this request.</summary>
    public static bool Answers(ReplyCode code, Symbol symbol) => symbol switch
    {
        Symbol.Register => code == ReplyCode.RegisterOk,
        Symbol.RequestPair => code is >= ReplyCode.Pairing and <= ReplyCode.StartClient,
        Symbol.MapInit => code is ReplyCode.InitServer or ReplyCode.InitClient,
        Symbol.MapReady => code is ReplyCode.PartnerLoad or ReplyCode.StartPlay,
        Symbol.GameUpdate => code is >= ReplyCode.GameData and <= ReplyCode.GameRedundant,
        // The old server replies 10.
        _ => code is ReplyCode.UnregisterOk or ReplyCode.GameNoData,
    };

    // A number below 256, followed by a slash.
    private static bool TryTakeNumber(ref ReadOnlySpan<byte> bytes, out byte number)
    {
        if (!Utf8Parser.TryParse(bytes, out number, out var length) || length == bytes.Length
            || bytes[length] != (byte)'/' || bytes[0] is < (byte)'0' or > (byte)'9')
        {
            return false;
        }

        bytes = bytes[(length + 1)..];
        return true;
    }
}
