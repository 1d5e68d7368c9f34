using System.Globalization;

namespace TurnServer.Tests.Simulation;

/// <summary>A history as lines to read, one a step. Kept only for one that is shown.</summary>
internal sealed class Trace
{
    private readonly List<string> _lines = [];
    private TimeSpan _now;

    public IReadOnlyList<string> Lines => _lines;

    public void Turn(TimeSpan now) => _now = now;

    public void Add(FormattableString line) => _lines.Add(string.Create(CultureInfo.InvariantCulture,
        $"{_now.TotalSeconds,10:0.000}  ") + line.ToString(CultureInfo.InvariantCulture));
}
