using System.Net;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Bench;

/// <summary>What all benchmarks ask with.</summary>
internal static class Inputs
{
    /// <summary>A turn of 20 bytes, of a seat with a key of ordinary length.</summary>
    public static readonly byte[] Update = "6,e2-e4 and good luck!,4503599627370496,0,1234"u8.ToArray();

    /// <summary>The same turn in a reply's bytes.</summary>
    public static readonly byte[] Turn = "e2-e4 and good luck!"u8.ToArray();

    public static readonly byte[] Register = "0,Grace Hopper,*,Ada Lovelace,k7Zq2x"u8.ToArray();

    public static readonly ClientAddress From = ClientAddress.Of(IPAddress.Loopback);

    /// <summary>
    /// Nobody falls silent, and nothing is full, while a benchmark runs; but the seats of games have their usual
    /// patience, so that their deadlines move as they do in service.
    /// </summary>
    public static readonly RulesOptions Options = new()
    {
        PairingTimeout = TimeSpan.FromDays(1),
        PlayersMax = int.MaxValue,
        GamesMax = int.MaxValue,
    };

    /// <summary>Parses what is well-formed.</summary>
    public static TurnRequest Parse(ReadOnlySpan<byte> body) =>
        RequestParser.TryParse(body, out var request, out var refusal)
            ? request
            : throw new InvalidOperationException($"Refused: {refusal}");
}

/// <summary>Keys spread like random ones, the same in each run.</summary>
internal sealed class SeededKeySource : IKeySource
{
    private readonly Random _random = new(20);

    public ulong Draw() => (ulong)_random.NextInt64((long)ProtocolLimits.KeyEnd);
}
