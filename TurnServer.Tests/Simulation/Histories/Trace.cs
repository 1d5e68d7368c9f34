using System.Globalization;

namespace TurnServer.Tests.Simulation;

/// <summary>A readable log of a history, one line per event. Recorded only for failures.</summary>
internal sealed class Trace
{
    private readonly List<string> _lines = [];
    private TimeSpan _now;

    public IReadOnlyList<string> Lines => _lines;

    public void SetTime(TimeSpan now) => _now = now;

    public void Add(FormattableString line) => _lines.Add(string.Create(CultureInfo.InvariantCulture,
        $"{_now.TotalSeconds,10:0.000}  ") + line.ToString(CultureInfo.InvariantCulture));
}
