using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Publish;

/// <summary>Results of one build in one round.</summary>
/// <param name="StartMilliseconds">From the start until <c>/healthz</c> answers 200.</param>
/// <param name="IdleMegabytes">RSS a second later.</param>
/// <param name="LoadedMegabytes">RSS after the load.</param>
/// <param name="UpdateMicroseconds">CPU time per update at full speed.</param>
/// <param name="UpdatesPerSecond">Throughput at full speed.</param>
/// <param name="RequestMicroseconds">CPU time per request of simulated players with held replies.</param>
/// <param name="P50Milliseconds">p50 latency of their turns.</param>
/// <param name="P99Milliseconds">p99 latency of their turns.</param>
internal readonly record struct BuildResults(double StartMilliseconds, double IdleMegabytes, double LoadedMegabytes,
    double UpdateMicroseconds, double UpdatesPerSecond, double RequestMicroseconds, double P50Milliseconds,
    double P99Milliseconds);

/// <summary>The tables of <c>publish</c>.</summary>
internal static class PublishReport
{
    private const int NameWidth = 28;

    private static readonly (string Title, Func<BuildResults, double> Value, string Format)[] Columns =
    [
        ("start ms", results => results.StartMilliseconds, "0"),
        ("idle MB", results => results.IdleMegabytes, "0"),
        ("loaded MB", results => results.LoadedMegabytes, "0"),
        ("CPU µs/update", results => results.UpdateMicroseconds, "0.0"),
        ("updates/s", results => results.UpdatesPerSecond, "0"),
        ("CPU µs/request", results => results.RequestMicroseconds, "0.0"),
        ("p50 ms", results => results.P50Milliseconds, "0.00"),
        ("p99 ms", results => results.P99Milliseconds, "0.0"),
    ];

    /// <summary>One round of one build.</summary>
    public static string Row(Build build, BuildResults results) => build.Name.PadRight(NameWidth)
        + string.Join("  ", Columns.Select(column => $"{column.Title} {Text(column.Value(results), column.Format)}"));

    /// <summary>Medians and ranges, and the ratio of each build to the first within each round.</summary>
    public static string Compose(IReadOnlyList<Build> builds, string root, IReadOnlyList<BuildResults[]> rounds)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"Median (minimum to maximum) of {rounds.Count} rounds:");
        foreach (var (title, value, format) in Columns)
        {
            text.AppendLine().AppendLine(title.PadRight(NameWidth + 2) + $"{"",-26} / {builds[0].Name}");
            for (var i = 0; i < builds.Count; i++)
            {
                var range = Spread.Of(rounds.Select(round => value(round[i]))).ToString(format);
                var ratio = Spread.Of(rounds.Select(round => value(round[i]) / value(round[0])));
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
