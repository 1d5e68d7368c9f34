namespace TurnServer.Bench.Load;

/// <summary>What a load test was asked to do.</summary>
/// <param name="Url">The server.</param>
/// <param name="Clients">Players simulated at once.</param>
/// <param name="Rate">Turns a second of each player.</param>
/// <param name="Duration">How long to play.</param>
/// <param name="Wait">Whether the server holds replies for the players, so that turns reach them at once.</param>
/// <param name="Loss">The share of replies that are dropped, 0 to 1.</param>
internal sealed record LoadSettings(Uri Url, int Clients, double Rate, TimeSpan Duration, bool Wait, double Loss);

/// <summary>What a load test found. All latencies are in milliseconds.</summary>
internal sealed record LoadReport
{
    public required LoadSettings Settings { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it took, start-up of the players included.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Requests that the server answered, repetitions included.</summary>
    public required long Requests { get; init; }

    public required long TurnsSent { get; init; }

    public required long TurnsReceived { get; init; }

    public required long GamesPlayed { get; init; }

    /// <summary>Replies dropped on purpose.</summary>
    public required long RepliesDropped { get; init; }

    /// <summary>Requests that went unanswered otherwise.</summary>
    public required long RequestsLost { get; init; }

    /// <summary>Players that met at least one error that was not of the test's own making.</summary>
    public required int PlayersWithErrors { get; init; }

    /// <summary>What one of those players met first, in words; null when there are none.</summary>
    public string? FirstError { get; init; }

    /// <summary>The first of the turns that did not arrive once and in order, in words.</summary>
    public required IReadOnlyList<string> Violations { get; init; }

    /// <summary>How many there were.</summary>
    public required long ViolationCount { get; init; }

    /// <summary>From the moment a turn was due to be sent until its receiver had it.</summary>
    public required LatencySummary TurnLatency { get; init; }

    public required IReadOnlyList<SymbolStatistics> Symbols { get; init; }

    /// <summary>Replies by code, most frequent first.</summary>
    public required IReadOnlyList<CodeCount> Codes { get; init; }

    /// <summary>What <c>GET /</c> says that the last request took in the server; null when it says nothing.</summary>
    public required LatencySummary? ServerCompute { get; init; }

    /// <summary>Null when the server does not run on this machine.</summary>
    public required ServerUsage? Server { get; init; }

    /// <summary>CPU seconds that this program itself used, to tell when it is the bottleneck.</summary>
    public required double OwnCpuSeconds { get; init; }

    public required IReadOnlyList<LoadSecond> Seconds { get; init; }

    public double RequestsPerSecond => Requests / Elapsed.TotalSeconds;

    public double TurnsPerSecond => TurnsReceived / Elapsed.TotalSeconds;
}

/// <summary>How long something took, in milliseconds.</summary>
internal sealed record LatencySummary(long Count, double Mean, double Median, double P90, double P99, double P999,
    double Max)
{
    /// <summary>The distribution, by rising percentile from 0 to 100.</summary>
    public required IReadOnlyList<PercentilePoint> Distribution { get; init; }
}

/// <summary>This share of all, 0 to 100, took at most so long.</summary>
internal readonly record struct PercentilePoint(double Percentile, double Milliseconds);

/// <summary>Requests of one symbol, such as GAME_UPDATE.</summary>
/// <param name="Symbol">The wire's number.</param>
/// <param name="Name">The protocol page's name.</param>
/// <param name="Latency">From the moment it was due until its reply; held replies count in <paramref name="Held"/>, so
/// that of updates that wait only a game's last is here.</param>
/// <param name="Held">How many replies were held by the server, and are not in the latency.</param>
internal sealed record SymbolStatistics(int Symbol, string Name, LatencySummary Latency, long Held);

/// <summary>One kind of reply.</summary>
/// <param name="Code">As on the wire, such as <c>0/9</c> or <c>15/5</c>; <c>lost</c> for none.</param>
/// <param name="Name">The protocol page's name.</param>
/// <param name="IsError">Whether it is one that a player without faults never meets.</param>
internal sealed record CodeCount(string Code, string Name, bool IsError, long Count);

/// <summary>What the server used while the test ran.</summary>
internal sealed record ServerUsage(int ProcessId, double CpuSeconds, double CpuMicrosecondsPerRequest,
    double ResidentMegabytesAtStart, double ResidentMegabytesAtEnd, double ResidentMegabytesPeak);

/// <summary>One second of a test.</summary>
/// <param name="Second">Counted from 0.</param>
/// <param name="Requests">Replies received in it.</param>
/// <param name="Turns">Turns received in it.</param>
/// <param name="TurnLatency">Of the turns received in it; null when none were.</param>
/// <param name="Codes">Replies by code, as in <see cref="LoadReport.Codes"/>.</param>
/// <param name="ServerCpuShare">Of one core, 0 to the number of cores; null when not known.</param>
/// <param name="ServerResidentMegabytes">Null when not known.</param>
internal sealed record LoadSecond(int Second, long Requests, long Turns, SecondLatency? TurnLatency,
    IReadOnlyDictionary<string, long> Codes, double? ServerCpuShare, double? ServerResidentMegabytes);

/// <summary>Latencies of one second, in milliseconds.</summary>
internal readonly record struct SecondLatency(double Median, double P99, double Max);
