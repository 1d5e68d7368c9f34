using System.Text;

namespace TurnServer.Tests.Simulation;

/// <summary>A failed history, shrunk.</summary>
internal sealed record Failure
{
    public required ulong Seed { get; init; }

    /// <summary>How many histories passed before it.</summary>
    public required long HistoriesBefore { get; init; }

    /// <summary>The requested number of steps; null: drawn from the seed.</summary>
    public int? StepsRequested { get; init; }

    public SimulationKind Kind { get; init; }

    public required int StepsDrawn { get; init; }

    public required IReadOnlyList<Step> Steps { get; init; }

    public required World World { get; init; }

    public required Exception Fault { get; init; }

    public required IReadOnlyList<string> Lines { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        var steps = StepsRequested is { } count ? $" --steps {count}" : "";
        var kind = Kind switch
        {
            SimulationKind.Journal => " --crash",
            SimulationKind.Cluster => " --cluster",
            SimulationKind.Shards => " --shards",
            _ => "",
        };
        text.AppendLine($"A history failed: ./run.sh simulate --seed {Seed} --histories 1{steps}{kind}");
        text.AppendLine($"  shrunk from {StepsDrawn} steps to {Steps.Count}; {World.Options}");
        foreach (var line in Lines)
            text.AppendLine(line);
        if (Fault is MismatchException mismatch)
        {
            text.AppendLine($"  expected: {mismatch.Expected}");
            text.AppendLine($"  actual:   {mismatch.Actual}");
        }
        else
        {
            text.AppendLine($"  actual:   {Fault}");
        }

        return text.ToString();
    }
}
