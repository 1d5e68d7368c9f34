using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Rivals;

/// <summary>The tables of <c>bench rivals</c>.</summary>
internal static class RivalsReport
{
    private const double ColyseusCpuGoal = 0.7;
    private const double BareCpuGoal = 1.15;
    private const double ColyseusLatencyGoal = 1;
    private const int NameWidth = 26;
    private const int RatioWidth = 28;
    private const int KilobytesWidth = 10;

    // From the first column of a run at full speed to that of one at a pace.
    private const int FastWidth = 47;

    private static readonly (string Title, Func<RoundFigures, double> Value, int Width, string Format)[] Columns =
    [
        ("turns/s", round => round.Fast.PerSecond, 9, "0"),
        ("CPU µs", round => round.Fast.CpuMicroseconds, 9, "0.0"),
        ("client µs", round => round.Fast.ClientMicroseconds, 11, "0.0"),
        ("p50 ms", round => round.Fast.P50Milliseconds, 8, "0.00"),
        ("p99 ms", round => round.Fast.P99Milliseconds, 8, "0.0"),
        ("CPU µs", round => round.Paced.CpuMicroseconds, 11, "0.0"),
        ("client µs", round => round.Paced.ClientMicroseconds, 11, "0.0"),
        ("p50 ms", round => round.Paced.P50Milliseconds, 8, "0.00"),
        ("p99 ms", round => round.Paced.P99Milliseconds, 8, "0.00"),
    ];

    // The goals are for this server by WebSocket.
    private static readonly
        (string Title, Func<RoundFigures, double> Value, Func<string, double?> Goal)[] Ratios =
    [
        ("CPU a turn, full speed", round => round.Fast.CpuMicroseconds, rival => rival switch
        {
            Rival.Colyseus => ColyseusCpuGoal,
            Rival.Bare => BareCpuGoal,
            _ => null,
        }),
        ("p50 at 5 a second", round => round.Paced.P50Milliseconds, LatencyGoal),
        ("p99 at 5 a second", round => round.Paced.P99Milliseconds, LatencyGoal),
        ("CPU a turn, 5 a second", round => round.Paced.CpuMicroseconds, _ => null),
    ];

    /// <summary>The two lines above rows.</summary>
    /// <param name="indent">How many spaces before each.</param>
    public static string Heads(int indent = 0)
    {
        var left = new string(' ', indent + NameWidth);
        return $"{left}   {"full speed",-FastWidth}{Field.TurnsPerSecond} turns a second of each player"
            + Environment.NewLine + left + string.Concat(Columns.Select(column => Pad(column.Title, column.Width)));
    }

    /// <summary>A row of medians.</summary>
    public static string Row(string title, IReadOnlyList<RoundFigures> rounds) => string.Concat(
        [$"{title,-NameWidth}", .. Columns.Select(column => Pad(Spread.Of(rounds.Select(column.Value)).Median
            .ToString(column.Format, CultureInfo.InvariantCulture), column.Width))]);

    /// <summary>Medians of all rounds, and the ratios of this server to the others within each round.</summary>
    public static string Compose(IReadOnlyList<Rival> rivals, IReadOnlyList<RoundFigures[]> rounds)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"Medians of {rounds.Count} rounds:").AppendLine().AppendLine(Heads());
        for (var i = 0; i < rivals.Count; i++)
            text.AppendLine(Row(rivals[i].Title, [.. rounds.Select(round => round[i])]));
        AppendRatios(text, rivals, rounds, Rival.Own, isHttp: false);
        AppendRatios(text, rivals, rounds, Rival.OwnHttp, isHttp: true);
        return text.ToString();
    }

    /// <summary>Memory of idle players, and what this server takes beyond the bare HttpListener.</summary>
    /// <param name="players">How many.</param>
    /// <param name="measured">KB of each, by server.</param>
    public static string ComposeMemory(int players, IReadOnlyList<(Rival Rival, double Kilobytes)> measured)
    {
        const int Goal = 8;
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"Resident memory of each of {players} idle players that wait for a turn, KB:");
        text.AppendLine();
        foreach (var (rival, kilobytes) in measured)
            text.AppendLine($"{rival.Title,-NameWidth}{Pad(Text(kilobytes), KilobytesWidth)}");
        var own = measured.FirstOrDefault(one => one.Rival.Name == Rival.Own);
        var bare = measured.FirstOrDefault(one => one.Rival.Name == Rival.Bare);
        if (own.Rival is not null && bare.Rival is not null)
        {
            text.AppendLine(
                $"{"difference",-NameWidth}{Pad(Text(own.Kilobytes - bare.Kilobytes), KilobytesWidth)}  goal < {Goal}");
        }

        return text.ToString();

        static string Text(double number) => number.ToString("0.0", CultureInfo.InvariantCulture);
    }

    private static double? LatencyGoal(string rival) => rival == Rival.Colyseus ? ColyseusLatencyGoal : null;

    private static void AppendRatios(StringBuilder text, IReadOnlyList<Rival> rivals,
        IReadOnlyList<RoundFigures[]> rounds, string ownName, bool isHttp)
    {
        var others = rivals.Index().Where(pair => pair.Item.IsHttp == isHttp && pair.Item.Name != ownName).ToList();
        if (rivals.Index().FirstOrDefault(pair => pair.Item.Name == ownName) is not (var own, { } rival)
            || others.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine($"{rival.Title}, as a multiple of each, within each round: "
            + "median (lowest to highest), goal:").AppendLine();
        text.AppendLine(string.Concat(
            [$"{"",-NameWidth}", .. Ratios.Select(ratio => $"{ratio.Title,-RatioWidth}")]).TrimEnd());
        foreach (var (i, other) in others)
        {
            text.AppendLine(string.Concat([$"{other.Title,-NameWidth}", .. Ratios.Select(ratio =>
            {
                var spread = Spread.Of(rounds.Select(round => ratio.Value(round[own]) / ratio.Value(round[i])));
                var goal = ratio.Goal(other.Name) is { } most && !isHttp
                    ? string.Create(CultureInfo.InvariantCulture, $" ≤ {most:0.00}")
                    : "";
                // Two blanks at least: a ratio of 10 or more is wider than its column.
                return $"{spread + goal,2 - RatioWidth}  ";
            })]).TrimEnd());
        }
    }

    private static string Pad(string text, int width) => text.PadLeft(width);
}
