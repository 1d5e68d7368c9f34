using System.Globalization;
using System.Text;
using TurnServer.Bench.Load;

namespace TurnServer.Bench.Soak;

/// <summary>The report of <c>soak</c>.</summary>
/// <param name="options">The options.</param>
/// <param name="load">The players' report.</param>
/// <param name="samples">The server's memory and descriptors.</param>
internal sealed class SoakReport(SoakOptions options, LoadReport load, IReadOnlyList<SoakSample> samples)
{
    private const int Rows = 10;

    private readonly (string Name, Trend Trend)[] _trends =
    [
        ("memory, MB", TrendOf(options, samples, options.MegabytesExtra, sample => sample.ResidentMegabytes)),
        ("managed heap, MB", TrendOf(options, samples, options.MegabytesExtra, sample => sample.HeapMegabytes)),
        ("descriptors", TrendOf(options, samples, options.DescriptorsExtra, sample => sample.Descriptors)),
    ];

    public bool IsFlat => Array.TrueForAll(_trends, trend => trend.Trend.IsFlat);

    public bool IsFastEnough => RequestsPerSecond >= options.Rate * options.RateShareMin;

    // The median second: the first and the last are incomplete.
    private double RequestsPerSecond
    {
        get
        {
            var seconds = load.Seconds.Select(second => second.Requests).Order().ToList();
            return seconds.Count == 0 ? 0 : seconds[seconds.Count / 2];
        }
    }

    /// <summary>The report for a terminal.</summary>
    public string Compose()
    {
        var text = new StringBuilder();
        Line($"{"seconds",-18}{"requests/s",12}{"memory MB",12}{"heap MB",12}{"descriptors",13}");
        for (var row = 0; row < Rows; row++)
            AppendRow(text, (double)row / Rows, (row + 1.0) / Rows);
        text.AppendLine();
        Line($"{"minimum (5 %)",-18}{"first half",12}{"second half",13}{"growth",10}{"allowed",9}");
        foreach (var (name, trend) in _trends)
        {
            var verdict = trend.IsFlat ? "" : "  NOT FLAT";
            var limits = string.Create(CultureInfo.InvariantCulture, $"{trend.Growth,10:0.0}{trend.GrowthMax,9:0.0}");
            Line($"{name,-18}{trend.Before,12:0.0}{trend.After,13:0.0}{limits}{verdict}");
        }

        text.AppendLine();
        Line($"{load.Requests} requests, {RequestsPerSecond:0} in the median second; {load.GamesPlayed} games");
        Line($"{load.RequestsLost} requests lost, {load.PlayersWithErrors} players with errors");
        if (load.FirstError is { } error)
            Line($"  such as: {error}");
        Line(load.ViolationCount == 0
            ? $"All {load.TurnsReceived} turns arrived once and in order."
            : (FormattableString)$"VIOLATED: {load.ViolationCount} turns, such as: {load.Violations[0]}");
        if (!IsFastEnough)
            Line($"TOO SLOW: the rate is {options.Rate} requests a second.");
        text.AppendLine(IsFlat
            ? "Flat: memory and descriptors did not grow."
            : "NOT FLAT: memory or descriptors grew.");
        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());
    }

    private void AppendRow(StringBuilder text, double from, double to)
    {
        var seconds = load.Seconds.Where(second => second.Second >= options.Duration.TotalSeconds * from
            && second.Second < options.Duration.TotalSeconds * to).ToList();
        var requests = seconds.Count == 0 ? double.NaN : seconds.Average(second => second.Requests);
        text.Append(CultureInfo.InvariantCulture, $"{options.Duration.TotalSeconds * from,5:0.#} to ");
        text.Append(CultureInfo.InvariantCulture, $"{options.Duration.TotalSeconds * to,-9:0.#}{requests,12:0}");
        text.Append(CultureInfo.InvariantCulture, $"{Median(sample => sample.ResidentMegabytes),12:0.0}");
        text.Append(CultureInfo.InvariantCulture, $"{Median(sample => sample.HeapMegabytes),12:0.0}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{Median(sample => sample.Descriptors),13:0}");

        double Median(Func<SoakSample, double> value) =>
            Trend.Quantile(samples.Where(sample => sample.At >= options.Duration * from
                && sample.At < options.Duration * to).Select(value), quantile: 0.5);
    }

    private static Trend TrendOf(SoakOptions options, IReadOnlyList<SoakSample> samples, double extra,
        Func<SoakSample, double> value) =>
        Trend.Of(samples, options.GrowthMax, extra, value);
}
