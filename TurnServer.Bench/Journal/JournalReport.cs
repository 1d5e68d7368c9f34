using System.Globalization;
using System.Text;
using TurnServer.Bench.Compare;
using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>The tables printed by <c>bench journal</c>, with ratios to the first contender.</summary>
internal static class JournalReport
{
    private const int NameWidth = 25;
    private const int FigureWidth = 12;
    private const int RatioWidth = 30;

    /// <summary>Appends under one sync policy with one batch size: by round, the costs of each contender.</summary>
    public static string Appends(IReadOnlyList<IContender> contenders, StateSync sync, int batch,
        IReadOnlyList<AppendCosts[]> rounds)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"{sync.ToString().ToLowerInvariant()}, batches of {batch}".PadRight(NameWidth)
            + "wall µs".PadLeft(FigureWidth) + "CPU µs".PadLeft(FigureWidth) + "B/record".PadLeft(FigureWidth)
            + "  wall, ratio".PadRight(RatioWidth + 2) + "CPU, ratio");
        for (var i = 0; i < contenders.Count; i++)
        {
            var number = i;
            text.AppendLine((contenders[i].Name.PadRight(NameWidth)
                + Median(round => round[number].Wall).PadLeft(FigureWidth)
                + Median(round => round[number].Cpu).PadLeft(FigureWidth)
                + Median(round => round[number].Allocated).PadLeft(FigureWidth) + "  "
                + (i == 0 ? "" : Ratio(costs => costs.Wall, number).PadRight(RatioWidth)
                    + Ratio(costs => costs.Cpu, number))).TrimEnd());
        }

        return text.ToString();

        string Median(Func<AppendCosts[], double> figure) => Text(Spread.Of(rounds.Select(figure)).Median);

        string Ratio(Func<AppendCosts, double> figure, int number) =>
            Text(Spread.Of(rounds.Select(round => figure(round[number]) / figure(round[0]))));
    }

    /// <summary>Reading: bytes on disk per record, and by round, milliseconds.</summary>
    public static string Reads(IReadOnlyList<IContender> contenders, int records, IReadOnlyList<double> bytes,
        IReadOnlyList<double[]> rounds)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"{records} records".PadRight(NameWidth) + "B on disk".PadLeft(FigureWidth)
            + "read ms".PadLeft(FigureWidth) + "  ratio");
        for (var i = 0; i < contenders.Count; i++)
        {
            var number = i;
            var ratio = Spread.Of(rounds.Select(round => round[number] / round[0]));
            text.AppendLine((contenders[i].Name.PadRight(NameWidth) + Text(bytes[i]).PadLeft(FigureWidth)
                + Text(Spread.Of(rounds.Select(round => round[number])).Median).PadLeft(FigureWidth)
                + $"  {(i == 0 ? "" : Text(ratio))}").TrimEnd());
        }

        return text.ToString();
    }

    private static string Text(Spread ratios) => $"{Text(ratios.Median)} ({Text(ratios.Min)} to {Text(ratios.Max)})";

    private static string Text(double number) =>
        number.ToString(number < 10 ? "0.00" : number < 1000 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
