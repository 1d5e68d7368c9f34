using System.Text.Json;
using System.Text.Json.Serialization;

namespace TurnServer.Bench.Load;

/// <summary>Results of a load test. All latencies are in milliseconds.</summary>
internal sealed record LoadReport
{
    public required LoadSettings Settings { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Elapsed time, including the start-up of the players.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Requests that the server answered, repetitions included.</summary>
    public required long Requests { get; init; }

    public required long TurnsSent { get; init; }

    public required long TurnsReceived { get; init; }

    public required long GamesPlayed { get; init; }

    /// <summary>Replies that the test dropped on purpose.</summary>
    public required long RepliesDropped { get; init; }

    /// <summary>How many times a player crashed and came back to its game.</summary>
    public required long ComeBacks { get; init; }

    /// <summary>Requests without a reply for any other reason.</summary>
    public required long RequestsLost { get; init; }

    /// <summary>Players that met at least one error that the test did not inject.</summary>
    public required int PlayersWithErrors { get; init; }

    /// <summary>A message for the first error of one of those players; null if none.</summary>
    public string? FirstError { get; init; }

    /// <summary>
    /// Messages for the first violations: turns that did not arrive once and in order, wrong partners.
    /// </summary>
    public required IReadOnlyList<string> Violations { get; init; }

    /// <summary>How many violations there were.</summary>
    public required long ViolationCount { get; init; }

    /// <summary>
    /// How many of them were players with a wrong partner: of another pool, or not the one that either of them named.
    /// </summary>
    public required long WrongPartners { get; init; }

    /// <summary>How many times it was checked that a player was given a right partner.</summary>
    public required long PairingsChecked { get; init; }

    /// <summary>From the moment a turn was due to be sent until its receiver had it.</summary>
    public required LatencySummary TurnLatency { get; init; }

    public required IReadOnlyList<SymbolStatistics> Symbols { get; init; }

    /// <summary>Replies by code, most frequent first.</summary>
    public required IReadOnlyList<CodeCount> Codes { get; init; }

    /// <summary>Time of a request inside the server, as <c>GET /</c> reports it; null when it does not.</summary>
    public required LatencySummary? ServerCompute { get; init; }

    /// <summary>Null when the server's process is not known.</summary>
    public required ServerUsage? Server { get; init; }

    /// <summary>CPU seconds of this program, which tell whether it is the bottleneck.</summary>
    public required double OwnCpuSeconds { get; init; }

    public required IReadOnlyList<LoadSecond> Seconds { get; init; }

    /// <summary>How many violations were turns.</summary>
    public long WrongTurns => ViolationCount - WrongPartners;

    public double RequestsPerSecond => Requests / Elapsed.TotalSeconds;

    public double TurnsPerSecond => TurnsReceived / Elapsed.TotalSeconds;
}

/// <summary>A latency distribution, in milliseconds.</summary>
internal sealed record LatencySummary(long Count, double Mean, double Median, double P90, double P99, double P999,
    double Max)
{
    /// <summary>The distribution, by rising percentile from 0 to 100.</summary>
    public required IReadOnlyList<PercentilePoint> Distribution { get; init; }
}

/// <summary>One percentile, 0 to 100, of a distribution.</summary>
internal readonly record struct PercentilePoint(double Percentile, double Milliseconds);

/// <summary>Requests of one symbol, such as GAME_UPDATE.</summary>
/// <param name="Symbol">The number on the wire.</param>
/// <param name="Name">The name in PROTOCOL.md.</param>
/// <param name="Latency">From the moment a request was due until its reply, held replies excluded: of updates that may
/// be held only the last of a game counts.</param>
/// <param name="Held">Number of held replies, which are not in the latency.</param>
internal sealed record SymbolStatistics(int Symbol, string Name, LatencySummary Latency, long Held);

/// <summary>Number of replies of one kind.</summary>
/// <param name="Code">As on the wire, such as <c>0/9</c> or <c>15/5</c>; <c>lost</c> for none.</param>
/// <param name="Name">The name in PROTOCOL.md.</param>
/// <param name="IsError">Whether a correct player never gets it.</param>
internal sealed record CodeCount(string Code, string Name, bool IsError, long Count);

/// <summary>What the server used during the test.</summary>
internal sealed record ServerUsage(int ProcessId, double CpuSeconds, double CpuMicrosecondsPerRequest,
    double ResidentMegabytesAtStart, double ResidentMegabytesAtEnd, double ResidentMegabytesPeak);

/// <summary>One second of a test.</summary>
/// <param name="Second">Counted from 0.</param>
/// <param name="Requests">Replies received.</param>
/// <param name="Turns">Turns received.</param>
/// <param name="TurnLatency">Latency of the turns received; null when there were none.</param>
/// <param name="Codes">Replies by code, as in <see cref="LoadReport.Codes"/>.</param>
/// <param name="ServerCpuShare">Share of one core, 0 to the number of cores; null when not known.</param>
/// <param name="ServerResidentMegabytes">Null when not known.</param>
internal sealed record LoadSecond(int Second, long Requests, long Turns, SecondLatency? TurnLatency,
    IReadOnlyDictionary<string, long> Codes, double? ServerCpuShare, double? ServerResidentMegabytes);

/// <summary>Latencies of one second, in milliseconds.</summary>
internal readonly record struct SecondLatency(double Median, double P99, double Max);

/// <summary>The reports as JSON: a list, with the names of <see cref="LoadReport"/>.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<LoadReport>))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    public static byte[] Serialize(IReadOnlyList<LoadReport> runs) =>
        JsonSerializer.SerializeToUtf8Bytes(runs, Default.IReadOnlyListLoadReport);
}
