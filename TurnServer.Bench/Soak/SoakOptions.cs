namespace TurnServer.Bench.Soak;

/// <summary>How a soak is done.</summary>
internal sealed record SoakOptions
{
    /// <summary>Turns a second of each player, as in a lively game.</summary>
    public const double TurnsPerSecond = 5;

    // A turn takes one request, and one more when replies are held: the one that waits.
    private double RequestsPerPlayer => HoldsReplies ? 2 * TurnsPerSecond : TurnsPerSecond;

    /// <summary>Requests a second of all players.</summary>
    public int Rate { get; init; } = 5_000;

    /// <summary>How long they play.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether the server holds replies, which takes half as many players for as many requests.</summary>
    public bool HoldsReplies { get; init; }

    public required int Port { get; init; }

    public required int AdminPort { get; init; }

    /// <summary>Further flags for the server.</summary>
    public IReadOnlyList<string> ServerFlags { get; init; } = [];

    /// <summary>
    /// By what share memory and descriptors may grow from one half to the other. Of 100 MB that is 5 MB, with what
    /// <see cref="MegabytesMore"/> adds; in the four minutes of ten that lie between their lows for 1.2 million
    /// requests, so that a leak shows of 6 bytes for each request, or of 1000 for each game.
    /// </summary>
    public double GrowthMax { get; init; } = 0.05;

    /// <summary>
    /// By how much memory may grow beside that: what replies under way, and connections made anew, take at a moment.
    /// </summary>
    public double MegabytesMore { get; init; } = 2;

    /// <summary>By how many descriptors may grow beside that, for the same reason.</summary>
    public double DescriptorsMore { get; init; } = 16;

    /// <summary>What share of the rate must have been answered, or the soak was another than was asked for.</summary>
    public double RateShareMin { get; init; } = 0.95;

    /// <summary>An even number: two to a game.</summary>
    public int Players => Math.Max(2, (int)Math.Ceiling(Rate / RequestsPerPlayer / 2) * 2);
}
