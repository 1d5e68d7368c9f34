using System.Net;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Simulation;

/// <summary>What does not change in the course of a history: the server's limits and who the players are.</summary>
internal sealed record World
{
    public required ulong Seed { get; init; }

    public required RulesOptions Options { get; init; }

    public required IReadOnlyList<Temper> Players { get; init; }

    /// <summary>How late the server's timer fires.</summary>
    public required TimeSpan TimerLag { get; init; }

    /// <summary>Whether the source of keys repeats itself, so that keys of those who are gone come again.</summary>
    public required bool RepeatsKeys { get; init; }

    /// <summary>Whether turns may be hostile: bars, commas, asterisks.</summary>
    public required bool HostileTurns { get; init; }

    /// <summary>Whether turns may be as long as a request allows.</summary>
    public required bool LongTurns { get; init; }

    /// <summary>Whether the limits on players and games are low enough to be met.</summary>
    public required bool IsCramped { get; init; }

    /// <summary>Where a player speaks from.</summary>
    public static ClientAddress Address(int number) => number switch
    {
        0 => ClientAddress.Of(IPAddress.Loopback),
        _ => ClientAddress.Of(new IPAddress([203, 0, 113, (byte)number])),
    };
}

/// <summary>Who a player is, and how it goes about things.</summary>
internal sealed record Temper
{
    public required string Name { get; init; }

    /// <summary>The only partner wanted; null for anybody.</summary>
    public required string? Wanted { get; init; }

    public required ClientAddress From { get; init; }

    /// <summary>Whether it keeps to the protocol.</summary>
    public required bool Behaves { get; init; }

    /// <summary>
    /// Whether it says what has arrived. Only such a one may repeat a request before it knows what became of the first,
    /// or send beside a held reply; only its requests are doubled on the way.
    /// </summary>
    public required bool SaysReceived { get; init; }

    public required bool UsesToken { get; init; }

    /// <summary>Whether it comes back with the token of its last registration.</summary>
    public required bool KeepsToken { get; init; }

    public required bool LongTimeout { get; init; }

    /// <summary>In how many of a thousand requests it has the reply held.</summary>
    public required int HoldsPerMille { get; init; }
}
