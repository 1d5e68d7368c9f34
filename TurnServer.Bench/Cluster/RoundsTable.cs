using System.Text;

namespace TurnServer.Bench.Cluster;

/// <summary>A figure of a <see cref="RoundsTable{T}"/>.</summary>
/// <param name="Title">What it is, with its unit.</param>
/// <param name="Goal">What it is to be; empty: there is no goal.</param>
/// <param name="Value">Reads it.</param>
/// <param name="Format">How it is printed.</param>
internal readonly record struct TableRow<T>(string Title, string Goal, Func<T, double> Value, string Format);

/// <summary>Compares several things that have been measured in several rounds.</summary>
/// <param name="rows">The figures to compare.</param>
internal sealed class RoundsTable<T>(IReadOnlyList<TableRow<T>> rows)
{
    private const int GoalWidth = 9;
    private const int ColumnWidth = 26;

    private readonly int _titleWidth = rows.Max(row => row.Title.Length);

    /// <summary>Medians and ranges, and within each round the ratios to the first one.</summary>
    /// <param name="names">What is compared.</param>
    /// <param name="rounds">For each round, what was measured of each.</param>
    public string Compose(IReadOnlyList<string> names, IReadOnlyList<T[]> rounds)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"Median (lowest to highest) of {rounds.Count} rounds:").AppendLine();
        Append(text, "", "goal", names);
        foreach (var (title, goal, value, format) in rows)
        {
            Append(text, title, goal,
                names.Select((_, i) => Spread.Of(rounds.Select(round => value(round[i]))).ToString(format)));
        }

        if (names.Count == 1)
            return text.ToString();
        text.AppendLine().AppendLine($"As a multiple of {names[0]}, within each round:").AppendLine();
        Append(text, "", "", names.Skip(1));
        foreach (var (title, _, value, _) in rows.Where(row => rounds.All(round => row.Value(round[0]) > 0)))
        {
            Append(text, title, "", names.Skip(1)
                .Select((_, i) => $"{Spread.Of(rounds.Select(round => value(round[i + 1]) / value(round[0])))}"));
        }

        return text.ToString();
    }

    private void Append(StringBuilder text, string title, string goal, IEnumerable<string> columns)
    {
        text.Append(title.PadRight(_titleWidth + 2)).Append(goal.PadRight(GoalWidth));
        text.AppendLine(string.Concat(columns.Select(column => column.PadRight(ColumnWidth))).TrimEnd());
    }
}
