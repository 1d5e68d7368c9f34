using System.Globalization;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// One request as its player means it, and the bytes that say so. Copies that the network makes, and repetitions, are
/// requests of their own.
/// </summary>
internal sealed record Request
{
    /// <summary>The bibbybabbis of the protocol page.</summary>
    private const string LongTimeoutKey = "bibbybabbis";

    public required int Player { get; init; }

    /// <summary>What the player has the reply for; repetitions share it. 0: it does not look at it.</summary>
    public required int Errand { get; init; }

    public Symbol Symbol { get; init; }

    public string Name { get; init; } = "";

    public string? Wanted { get; init; }

    public string? Token { get; init; }

    public bool LongTimeout { get; init; }

    /// <summary>The key's digits, which may be more than any key has.</summary>
    public string Key { get; init; } = "*";

    public int Seat { get; init; }

    public long Counter { get; init; }

    public byte[] Data { get; init; } = [];

    public int? Received { get; init; }

    public TimeSpan Wait { get; init; }

    public ClientAddress From { get; init; }

    public byte[] Body { get; private init; } = [];

    /// <summary>The right reply to a request that is malformed; null when it is not.</summary>
    public byte[]? Refusal { get; private init; }

    /// <summary>Names the copy that reached the server; 0 before.</summary>
    public long Ticket { get; set; }

    /// <summary>The network's mind on the reply: its delay in milliseconds, or −1.</summary>
    public int ReplyFate { get; init; }

    /// <summary>The same request with the bytes that say it.</summary>
    public Request Written() => this with { Body = Write() };

    /// <summary>A malformed request.</summary>
    public Request Malformed(byte[] body, byte[] refusal) => this with { Body = body, Refusal = refusal };

    /// <summary>The same bytes once more, with another fate.</summary>
    public Request Again(int replyFate, TimeSpan? wait = null) =>
        this with { ReplyFate = replyFate, Wait = wait ?? Wait, Ticket = 0 };

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder(Printable.Of(Body));
        if (Received is { } received)
            text.Append(CultureInfo.InvariantCulture, $" Turn-Received: {received}");
        if (Wait > TimeSpan.Zero)
            text.Append(CultureInfo.InvariantCulture, $" Prefer: wait={Wait.TotalSeconds}");
        return text.ToString();
    }

    private byte[] Write() => Symbol switch
    {
        Symbol.Register => Bytes($"0,{Name},{(LongTimeout ? LongTimeoutKey : "*")},{Wanted ?? "*"},{Token ?? "*"}"),
        Symbol.GameQuit => Bytes($"5,*,{Key},{Seat},*"),
        Symbol.GameUpdate => [.. "6,"u8, .. Data, .. Bytes($",{Key},{Seat},{Counter}")],
        _ => Bytes($"{(int)Symbol},*,{Key},*,*"),
    };

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
