using System.Net;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Bench;

/// <summary>Requests and options that all benchmarks share.</summary>
internal static class Inputs
{
    /// <summary>A turn of 20 bytes, from a seat with a key of typical length.</summary>
    public static readonly byte[] Update = "6,e2-e4 and good luck!,4503599627370496,0,1234"u8.ToArray();

    /// <summary>The same turn as in a reply.</summary>
    public static readonly byte[] Turn = "e2-e4 and good luck!"u8.ToArray();

    public static readonly byte[] Register = "0,Grace Hopper,*,Ada Lovelace,k7Zq2x"u8.ToArray();

    public static readonly ClientAddress From = ClientAddress.Of(IPAddress.Loopback);

    /// <summary>
    /// No limit is reached and no waiting player times out during a benchmark. The game timeout is the default, so that
    /// deadlines move as they do in production.
    /// </summary>
    public static readonly RulesOptions Options = new()
    {
        PairingTimeout = TimeSpan.FromDays(1),
        PlayersMax = int.MaxValue,
        GamesMax = int.MaxValue,
    };

    /// <summary>Parses a well-formed request.</summary>
    public static TurnRequest Parse(ReadOnlySpan<byte> body) =>
        RequestParser.TryParse(body, out var request, out var refusal)
            ? request
            : throw new InvalidOperationException($"Refused: {refusal}");
}

/// <summary>Random keys, the same in each run.</summary>
internal sealed class SeededKeySource : IKeySource
{
    private readonly Random _random = new(20);

    public ulong Draw() => (ulong)_random.NextInt64((long)ProtocolLimits.KeyEnd);
}
