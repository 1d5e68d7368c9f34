using System.Globalization;
using System.Text;
using TurnServer.Bench.Compare;

namespace TurnServer.Bench.Publish;

/// <summary>What was measured of one build in one round.</summary>
/// <param name="StartMilliseconds">From its start until <c>/healthz</c> says 200.</param>
/// <param name="IdleMegabytes">Resident a second later.</param>
/// <param name="LoadedMegabytes">Resident after the load.</param>
/// <param name="UpdateMicroseconds">CPU time per update, driven as fast as it goes.</param>
/// <param name="UpdatesPerSecond">How fast that is.</param>
/// <param name="RequestMicroseconds">CPU time per request of the players that wait for held replies.</param>
/// <param name="MedianMilliseconds">How long half of their turns took at most.</param>
/// <param name="P99Milliseconds">How long 99 of 100 took at most.</param>
internal readonly record struct BuildFigures(double StartMilliseconds, double IdleMegabytes, double LoadedMegabytes,
    double UpdateMicroseconds, double UpdatesPerSecond, double RequestMicroseconds, double MedianMilliseconds,
    double P99Milliseconds);

/// <summary>The tables of <c>bench publish</c>.</summary>
internal static class PublishReport
{
    private const int NameWidth = 28;

    private static readonly (string Title, Func<BuildFigures, double> Figure, string Format)[] Columns =
    [
        ("start ms", figures => figures.StartMilliseconds, "0"),
        ("idle MB", figures => figures.IdleMegabytes, "0"),
        ("loaded MB", figures => figures.LoadedMegabytes, "0"),
        ("CPU µs/update", figures => figures.UpdateMicroseconds, "0.0"),
        ("updates/s", figures => figures.UpdatesPerSecond, "0"),
        ("CPU µs/request", figures => figures.RequestMicroseconds, "0.0"),
        ("median ms", figures => figures.MedianMilliseconds, "0.00"),
        ("99 % ms", figures => figures.P99Milliseconds, "0.0"),
    ];

    /// <summary>One round of one build.</summary>
    public static string Row(Build build, BuildFigures figures) => build.Name.PadRight(NameWidth)
        + string.Join("  ", Columns.Select(column => $"{column.Title} {Text(column.Figure(figures), column.Format)}"));

    /// <summary>Medians and ranges, and each build by the first within each round.</summary>
    public static string Compose(IReadOnlyList<Build> builds, string root, IReadOnlyList<BuildFigures[]> rounds)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"Median (lowest to highest) of {rounds.Count} rounds:");
        foreach (var (title, figure, format) in Columns)
        {
            text.AppendLine().AppendLine(title.PadRight(NameWidth + 2) + $"{"",-26} by {builds[0].Name}'s");
            for (var i = 0; i < builds.Count; i++)
            {
                var all = Spread.Of(rounds.Select(round => figure(round[i])));
                var range = $"{Text(all.Median, format)} ({Text(all.Min, format)} to {Text(all.Max, format)})";
                var ratio = Spread.Of(rounds.Select(round => figure(round[i]) / figure(round[0])));
                text.AppendLine($"  {builds[i].Name.PadRight(NameWidth)}{range,-26} {(i == 0 ? "" : ratio)}".TrimEnd());
            }
        }

        text.AppendLine().AppendLine("on disk, MB");
        foreach (var build in builds)
            text.AppendLine($"  {build.Name.PadRight(NameWidth)}{Text(build.Megabytes(root), "0.0")}");
        return text.ToString();
    }

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
