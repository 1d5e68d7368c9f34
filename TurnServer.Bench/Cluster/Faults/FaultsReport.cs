using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>One fault and the pauses that it caused.</summary>
/// <param name="Fault">What it was.</param>
/// <param name="Overall">The longest time in which no turn of any game got through.</param>
/// <param name="Games">For each player of each game, the longest that one turn took.</param>
internal sealed record FaultResult(Fault Fault, TimeSpan Overall, IReadOnlyList<TimeSpan> Games);

/// <summary>What became of a cluster, and of the games on it, under faults.</summary>
internal sealed record FaultsReport
{
    public required IReadOnlyList<FaultResult> Faults { get; init; }

    /// <summary>Turns that arrived and were checked.</summary>
    public required long Turns { get; init; }

    public required long Lost { get; init; }

    public required long Doubled { get; init; }

    /// <summary>Turns that were wrong in another way, such as out of order.</summary>
    public required long OtherViolations { get; init; }

    /// <summary>How many times it was checked that a player was given a right partner.</summary>
    public required long Pairings { get; init; }

    /// <summary>How many players were given a partner of another pool, or one that they must not have.</summary>
    public required long WrongPartners { get; init; }

    /// <summary>How often a player was told that it, or its partner, had been dropped; no player was silent.</summary>
    public required long Dropped { get; init; }

    /// <summary>Frozen owners of which it was checked that they answered nothing when they woke up.</summary>
    public required int ProbedOwners { get; init; }

    /// <summary>Of them, those that owned the game which was asked for; the others would have passed it on.</summary>
    public required int ProbedGames { get; init; }

    /// <summary>What else went wrong, and the first violations.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Whether every turn arrived once and in order, and nothing else went wrong.</summary>
    public bool IsGood => Lost + Doubled + OtherViolations + WrongPartners + Dropped == 0 && Problems.Count == 0;

    /// <summary>The report as text.</summary>
    public string Compose()
    {
        var text = new StringBuilder();
        text.AppendLine("seconds                                     all games        each player's slowest turn");
        text.AppendLine("cause                              count  median  longest    median     99 %  longest");
        var causes = Faults.GroupBy(fault => fault.Fault.Name).OrderBy(cause => cause.Key, StringComparer.Ordinal);
        foreach (var cause in causes)
            text.AppendLine(Row(cause.Key, [.. cause]));
        text.AppendLine(Row("all", Faults));
        text.AppendLine($"{Faults.Count} faults, {Turns} turns checked: {Lost} lost, {Doubled} doubled, "
            + $"{OtherViolations} wrong otherwise; {Dropped} players dropped");
        text.AppendLine($"{Pairings} pairings checked: {WrongPartners} wrong; {ProbedOwners} frozen owners woke up, "
            + $"{ProbedGames} of them with a request for a game that they had owned");
        foreach (var problem in Problems)
            text.AppendLine($"PROBLEM: {problem}");
        return text.ToString();
    }

    private static string Row(string name, IReadOnlyList<FaultResult> faults)
    {
        var overall = faults.Select(fault => fault.Overall).Order().ToList();
        var games = faults.SelectMany(fault => fault.Games).Order().ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{name,-34} {faults.Count,5} {At(overall, 0.5),7:0.00} "
            + $"{At(overall, 1),8:0.00}   {At(games, 0.5),7:0.00} {At(games, 0.99),8:0.00} {At(games, 1),8:0.00}");
    }

    private static double At(List<TimeSpan> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[(int)Math.Min(sorted.Count - 1, sorted.Count * share)].TotalSeconds;
}
