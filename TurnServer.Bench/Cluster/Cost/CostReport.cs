using System.Globalization;

namespace TurnServer.Bench.Cluster.Cost;

/// <summary>What one way of playing costs.</summary>
/// <param name="PerSecond">Updates or turns a second.</param>
/// <param name="Milliseconds">The time that one takes: the median at rest, the mean at full speed.</param>
/// <param name="P99Milliseconds">p99 of that time; NaN where it is not known.</param>
/// <param name="ServersMicroseconds">CPU time of all servers for each.</param>
/// <param name="StoreMicroseconds">CPU time of etcd for each.</param>
internal readonly record struct PlayCost(double PerSecond, double Milliseconds, double P99Milliseconds,
    double ServersMicroseconds, double StoreMicroseconds);

/// <summary>What playing costs at one entrance of an installation.</summary>
/// <param name="RestTurns">At rest, turns in held updates.</param>
/// <param name="RestUpdates">At rest, updates that are answered at once.</param>
/// <param name="FastUpdates">At full speed, updates that are answered at once.</param>
/// <param name="FastTurns">At full speed, turns in held updates.</param>
internal readonly record struct EntranceCost(PlayCost RestTurns, PlayCost RestUpdates, PlayCost FastUpdates,
    PlayCost FastTurns);

/// <summary>The tables of <c>bench cluster</c>.</summary>
internal static class CostReport
{
    private static readonly RoundsTable<EntranceCost> Table = new(
    [
        new("at rest, turn: p50, ms", "< 10", cost => cost.RestTurns.Milliseconds, "0.00"),
        new("at rest, turn: p99, ms", "", cost => cost.RestTurns.P99Milliseconds, "0.0"),
        new("at rest, turn: CPU of servers, µs", "", cost => cost.RestTurns.ServersMicroseconds, "0"),
        new("at rest, turn: CPU of etcd, µs", "", cost => cost.RestTurns.StoreMicroseconds, "0"),
        new("at rest, update: p50, ms", "", cost => cost.RestUpdates.Milliseconds, "0.00"),
        new("at rest, update: p99, ms", "", cost => cost.RestUpdates.P99Milliseconds, "0.0"),
        new("at rest, update: CPU of servers, µs", "", cost => cost.RestUpdates.ServersMicroseconds, "0"),
        new("at rest, update: CPU of etcd, µs", "", cost => cost.RestUpdates.StoreMicroseconds, "0"),
        new("full speed: updates a second", "> 15000", cost => cost.FastUpdates.PerSecond, "0"),
        new("full speed, update: mean, ms", "", cost => cost.FastUpdates.Milliseconds, "0.0"),
        new("full speed, update: CPU of servers, µs", "", cost => cost.FastUpdates.ServersMicroseconds, "0.0"),
        new("full speed, update: CPU of etcd, µs", "", cost => cost.FastUpdates.StoreMicroseconds, "0.0"),
        new("full speed: turns a second", "", cost => cost.FastTurns.PerSecond, "0"),
        new("full speed, turn: mean, ms", "", cost => cost.FastTurns.Milliseconds, "0.0"),
        new("full speed, turn: CPU of servers, µs", "", cost => cost.FastTurns.ServersMicroseconds, "0.0"),
        new("full speed, turn: CPU of etcd, µs", "", cost => cost.FastTurns.StoreMicroseconds, "0.0"),
    ]);

    /// <summary>One entrance in one round, in a line.</summary>
    public static string Row(string name, in EntranceCost cost) => string.Create(CultureInfo.InvariantCulture,
        $"{name,-20} at rest p50 {cost.RestTurns.Milliseconds:0.00} ms a turn, {cost.RestUpdates.Milliseconds:0.00} ms "
        + $"an update; full speed {cost.FastUpdates.PerSecond:0} updates/s, {cost.FastTurns.PerSecond:0} turns/s");

    /// <summary>Medians and ranges, and within each round the ratios to the first entrance.</summary>
    public static string Compose(IReadOnlyList<string> names, IReadOnlyList<EntranceCost[]> rounds) =>
        Table.Compose(names, rounds);
}
