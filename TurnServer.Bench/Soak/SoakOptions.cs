namespace TurnServer.Bench.Soak;

/// <summary>Options of <c>soak</c>.</summary>
internal sealed record SoakOptions
{
    /// <summary>Turns a second of each player, as in a lively game.</summary>
    public const double TurnsPerSecond = 5;

    // A turn takes one request, and with held replies another one that waits.
    private double RequestsPerPlayer => HoldsReplies ? 2 * TurnsPerSecond : TurnsPerSecond;

    /// <summary>Requests a second of all players.</summary>
    public int Rate { get; init; } = 5_000;

    /// <summary>How long they play.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether the server holds replies, which takes half as many players for the same rate.</summary>
    public bool HoldsReplies { get; init; }

    public required int Port { get; init; }

    public required int AdminPort { get; init; }

    /// <summary>Further flags for the server.</summary>
    public IReadOnlyList<string> ServerFlags { get; init; } = [];

    /// <summary>
    /// Share by which memory and descriptors may grow from the first half to the second, beside a constant. Of 100 MB
    /// in ten minutes that reveals a leak of 6 bytes per request, or 1000 bytes per game.
    /// </summary>
    public double GrowthMax { get; init; } = 0.05;

    /// <summary>Constant by which memory may grow: pending replies and new connections at a moment.</summary>
    public double MegabytesExtra { get; init; } = 2;

    /// <summary>Constant by which descriptors may grow, for the same reason.</summary>
    public double DescriptorsExtra { get; init; } = 16;

    /// <summary>Share of the rate that must be answered for a valid result.</summary>
    public double RateShareMin { get; init; } = 0.95;

    /// <summary>An even number: two to a game.</summary>
    public int Players => Math.Max(2, (int)Math.Ceiling(Rate / RequestsPerPlayer / 2) * 2);
}
