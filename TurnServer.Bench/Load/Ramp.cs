using System.Globalization;

namespace TurnServer.Bench.Load;

/// <summary>Growing numbers of players.</summary>
/// <param name="From">The first number.</param>
/// <param name="To">The last.</param>
internal sealed record Ramp(int From, int To)
{
    public const int PlayersMax = 100_000;

    private const int PlayersMin = 2;

    // A shorter step shows little but how players start.
    private static readonly TimeSpan StepDurationMin = TimeSpan.FromSeconds(2);

    // Steps between powers of ten, about evenly spaced on a logarithmic axis.
    private static readonly int[] Multiples = [1, 2, 5];

    /// <summary>Both ends, and 1, 2 and 5 times each power of ten between them.</summary>
    public IReadOnlyList<int> Steps
    {
        get
        {
            var steps = new SortedSet<int> { From, To };
            for (var power = 1; power < To; power *= 10)
                steps.UnionWith(Multiples.Select(multiple => multiple * power).Where(step => step > From && step < To));
            return [.. steps];
        }
    }

    /// <summary>The duration of each step when all together take this long.</summary>
    public TimeSpan StepDuration(TimeSpan total)
    {
        var share = total / Steps.Count;
        return share > StepDurationMin ? share : StepDurationMin;
    }

    /// <summary>Reads <c>10..1000</c>, or says what to give instead.</summary>
    public static (Ramp? Value, string? Expected) Parse(string text)
    {
        var ends = text.Split("..");
        return ends.Length == 2 && TryParse(ends[0], out var from) && TryParse(ends[1], out var to) && from <= to
            ? (new Ramp(from, to), null)
            : (null, "two numbers of players of 2 and more, the larger last, such as 10..1000");
    }

    private static bool TryParse(string text, out int players) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out players)
            && players is >= PlayersMin and <= PlayersMax;
}
