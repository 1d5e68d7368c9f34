using System.Globalization;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// A request: its fields and its bytes on the wire. Each copy and each repetition is a request of its own.
/// </summary>
internal sealed record Request
{
    /// <summary>Requests the long pairing timeout (PROTOCOL.md).</summary>
    private const string LongTimeoutKey = "bibbybabbis";

    public required int Player { get; init; }

    /// <summary>The operation, shared by repetitions; 0 if the player ignores the reply.</summary>
    public required int Operation { get; init; }

    public Symbol Symbol { get; init; }

    public string Name { get; init; } = "";

    public string? Wanted { get; init; }

    public string? Pool { get; init; }

    public string? Token { get; init; }

    public bool LongTimeout { get; init; }

    /// <summary>The key's digits, possibly too many for a valid key.</summary>
    public string Key { get; init; } = "*";

    public int Seat { get; init; }

    public long Counter { get; init; }

    public byte[] Data { get; init; } = [];

    public int? Received { get; init; }

    public TimeSpan Wait { get; init; }

    public ClientAddress From { get; init; }

    public byte[] Body { get; private init; } = [];

    /// <summary>The expected reply to a malformed request; null if well-formed.</summary>
    public byte[]? Refusal { get; private init; }

    /// <summary>The ticket of a copy at the server; 0 before it arrives.</summary>
    public long Ticket { get; set; }

    /// <summary>The reply's delay in milliseconds; −1 if it gets lost.</summary>
    public int ReplyDelay { get; init; }

    /// <summary>The request with its wire bytes.</summary>
    public Request Written() => this with { Body = Write() };

    /// <summary>A malformed request with these bytes.</summary>
    public Request Malformed(byte[] body, byte[] refusal) => this with { Body = body, Refusal = refusal };

    /// <summary>The same bytes once more, with another reply delay.</summary>
    public Request Again(int replyDelay, TimeSpan? wait = null) =>
        this with { ReplyDelay = replyDelay, Wait = wait ?? Wait, Ticket = 0 };

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

    private byte[] Write() => [.. WriteFields(), .. LineBreak()];

    // Some clients end their bodies with a line break. Not drawn: a repetition has the same bytes.
    private ReadOnlySpan<byte> LineBreak() => (Operation % 8) switch
    {
        3 => "\n"u8,
        6 => "\r\n"u8,
        _ => default,
    };

    private byte[] WriteFields() => Symbol switch
    {
        Symbol.Register => Bytes($"0,{Name},{RegisterKey},{Wanted ?? "*"},{Token ?? "*"}"),
        Symbol.GameQuit => Bytes($"5,*,{Key},{Seat},*"),
        Symbol.GameUpdate => [.. "6,"u8, .. Data, .. Bytes($",{Key},{Seat},{Counter}")],
        _ => Bytes($"{(int)Symbol},*,{Key},*,*"),
    };

    private string RegisterKey => (LongTimeout ? LongTimeoutKey : "*") + (Pool is null ? "" : $"#{Pool}");

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
