using System.Net;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Simulation;

/// <summary>The fixed parameters of a history: the server's limits and the players' profiles.</summary>
internal sealed record World
{
    public required ulong Seed { get; init; }

    public required RulesOptions Options { get; init; }

    public required IReadOnlyList<Profile> Players { get; init; }

    /// <summary>How late the server's timer fires.</summary>
    public required TimeSpan TimerLag { get; init; }

    /// <summary>Whether the key source repeats itself, so that keys of departed players are reused.</summary>
    public required bool RepeatsKeys { get; init; }

    /// <summary>Whether turns may have bars, commas, asterisks and so on.</summary>
    public required bool HostileTurns { get; init; }

    /// <summary>Whether turns may be as long as a request allows.</summary>
    public required bool LongTurns { get; init; }

    /// <summary>Whether the limits on players and games are low enough to be reached.</summary>
    public required bool HasTightLimits { get; init; }

    /// <summary>A client address by its number.</summary>
    public static ClientAddress Address(int number) => number switch
    {
        0 => ClientAddress.Of(IPAddress.Loopback),
        _ => ClientAddress.Of(new IPAddress([203, 0, 113, (byte)number])),
    };
}

/// <summary>A player's identity and behaviour.</summary>
internal sealed record Profile
{
    public required string Name { get; init; }

    /// <summary>The partner it names; null accepts anyone.</summary>
    public required string? Wanted { get; init; }

    /// <summary>The pool it registers in; null for none.</summary>
    public required string? Pool { get; init; }

    public required ClientAddress From { get; init; }

    /// <summary>Whether it follows the protocol.</summary>
    public required bool Behaves { get; init; }

    /// <summary>
    /// Whether it sends Turn-Received. Only then may it repeat a request before the first is answered or lost, and send
    /// while a reply is held; only its requests are duplicated by the network.
    /// </summary>
    public required bool SaysReceived { get; init; }

    public required bool UsesToken { get; init; }

    /// <summary>Whether it registers again with the token of its last registration.</summary>
    public required bool KeepsToken { get; init; }

    public required bool LongTimeout { get; init; }

    /// <summary>The share of its requests with Prefer: wait, in thousandths.</summary>
    public required int HoldsPerMille { get; init; }
}
