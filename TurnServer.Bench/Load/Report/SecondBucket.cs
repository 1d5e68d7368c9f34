namespace TurnServer.Bench.Load.Report;

/// <summary>So many seconds of a test, drawn as one point.</summary>
/// <param name="Start">The first of them.</param>
/// <param name="Length">How many fit in; the last may hold fewer.</param>
internal sealed record SecondBucket(int Start, int Length, IReadOnlyList<LoadSecond> Seconds)
{
    public double Middle => Start + (Length / 2.0);

    public string Label => Length == 1 ? $"second {Figures.Whole(Start)}"
        : $"seconds {Figures.Whole(Start)} to {Figures.Whole(Start + Length - 1)}";

    /// <summary>The largest: a spike is what one looks for. Not a number when there is none.</summary>
    public double Max(Func<LoadSecond, double?> value) =>
        Seconds.Select(value).Where(known => known is not null).Max() ?? double.NaN;

    /// <summary>The seconds in buckets, no more of them than a chart has room for.</summary>
    public static IReadOnlyList<SecondBucket> Split(IReadOnlyList<LoadSecond> seconds)
    {
        if (seconds.Count == 0)
            return [];
        var length = (seconds.Max(second => second.Second) / PointsMax) + 1;
        return [.. seconds.GroupBy(second => second.Second / length).OrderBy(bucket => bucket.Key)
            .Select(bucket => new SecondBucket(bucket.Key * length, length, [.. bucket]))];
    }

    /// <summary>More points than this are less than two of a screen's apart.</summary>
    public const int PointsMax = 500;
}
