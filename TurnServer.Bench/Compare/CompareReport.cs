using System.Text;

namespace TurnServer.Bench.Compare;

/// <summary>The tables at the end of <c>compare</c>.</summary>
internal static class CompareReport
{
    // Indexes in the field.
    private const int Updates = 0;
    private const int BareListener = 1;
    private const int BareKestrel = 2;
    private const int HeldTurns = 3;
    private const int HeldReceives = 4;
    private const int StateUpdates = 5;
    private const int StateHeldTurns = 6;

    private const double UpdateGoal = 1.15;
    private const double HeldTurnGoal = 1.3;
    private const double StateGoal = 1.3;
    private const int NameWidth = 42;

    /// <summary>One row.</summary>
    public static string Row(string name, in Measurement measured) => $"{name.PadRight(NameWidth)}"
        + $"{measured.PerSecond,10:0} {measured.CpuMicroseconds,12:0.0} {measured.PeakMegabytes,12:0.0} "
        + $"{measured.DriverMicroseconds,15:0.0}";

    /// <summary>The medians of all rounds, and the ratios of this server to the others.</summary>
    public static string Compose(IReadOnlyList<Contender> contenders, IReadOnlyList<Measurement[]> rounds)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"Medians of {rounds.Count} rounds:").AppendLine();
        text.AppendLine($"{"",-NameWidth}{"a second",10} {"CPU µs each",12} {"peak RSS MB",12} {"driver µs each",15}");
        for (var i = 0; i < contenders.Count; i++)
        {
            var runs = rounds.Select(round => round[i]).ToList();
            text.AppendLine(Row(contenders[i].Name, new Measurement(
                Spread.Of(runs.Select(run => run.PerSecond)).Median,
                Spread.Of(runs.Select(run => run.CpuMicroseconds)).Median,
                Spread.Of(runs.Select(run => run.PeakMegabytes)).Median,
                Spread.Of(runs.Select(run => run.DriverMicroseconds)).Median)));
        }

        text.AppendLine().AppendLine("Ratios within each round: median (minimum to maximum):");
        text.AppendLine();
        text.AppendLine($"{"",-NameWidth}{"CPU each",-20} {"goal",-8} {"a second",-20} {"peak RSS",-20}");
        AppendRatio(text, "update / bare HttpListener", rounds, Updates, BareListener, UpdateGoal);
        AppendRatio(text, "update / bare Kestrel", rounds, Updates, BareKestrel, null);
        AppendRatio(text, "held turn / bare HttpListener", rounds, HeldTurns, BareListener, HeldTurnGoal);
        AppendRatio(text, "held turn / bare Kestrel", rounds, HeldTurns, BareKestrel, null);
        AppendRatio(text, "turn to held request / bare HttpListener", rounds, HeldReceives, BareListener, null);
        if (contenders.Count > StateUpdates)
        {
            AppendRatio(text, "update with --state / without", rounds, StateUpdates, Updates, StateGoal);
            AppendRatio(text, "held turn with --state / without", rounds, StateHeldTurns, HeldTurns, null);
        }

        return text.ToString();
    }

    private static void AppendRatio(StringBuilder text, string name, IReadOnlyList<Measurement[]> rounds, int ours,
        int others, double? goal)
    {
        var cpu = SpreadOf(run => run.CpuMicroseconds);
        var speed = SpreadOf(run => run.PerSecond);
        var memory = SpreadOf(run => run.PeakMegabytes);
        var goalText = goal is { } most ? $"≤ {most:0.00}" : "";
        text.AppendLine($"{name.PadRight(NameWidth)}{cpu,-20} {goalText,-8} {speed,-20} {memory}");

        Spread SpreadOf(Func<Measurement, double> figure) =>
            Spread.Of(rounds.Select(round => figure(round[ours]) / figure(round[others])));
    }
}
