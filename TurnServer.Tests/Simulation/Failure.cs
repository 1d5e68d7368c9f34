using System.Text;

namespace TurnServer.Tests.Simulation;

/// <summary>A history that went wrong, as short as it could be made.</summary>
internal sealed record Failure
{
    public required ulong Seed { get; init; }

    /// <summary>How many histories went well before.</summary>
    public required long HistoriesBefore { get; init; }

    /// <summary>The number of acts asked for; null: as drawn.</summary>
    public int? Steps { get; init; }

    public bool CanCrash { get; init; }

    public required int ActsDrawn { get; init; }

    public required IReadOnlyList<Act> Acts { get; init; }

    public required World World { get; init; }

    public required Exception Fault { get; init; }

    public required IReadOnlyList<string> Lines { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        var steps = Steps is { } count ? $" --steps {count}" : "";
        var crash = CanCrash ? " --crash" : "";
        text.AppendLine($"A history failed: ./run.sh simulate --seed {Seed} --histories 1{steps}{crash}");
        text.AppendLine($"  shrunk from {ActsDrawn} acts to {Acts.Count}; {World.Options}");
        foreach (var line in Lines)
            text.AppendLine(line);
        if (Fault is Discrepancy discrepancy)
        {
            text.AppendLine($"  expected: {discrepancy.Expected}");
            text.AppendLine($"  came:     {discrepancy.Came}");
        }
        else
        {
            text.AppendLine($"  came:     {Fault}");
        }

        return text.ToString();
    }
}
