using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Load;

/// <summary>What each step of a ramp cost, one line each.</summary>
internal static class RampText
{
    public static string Compose(IReadOnlyList<LoadReport> steps)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{"players",8}{"requests/s",12}{"turns/s",10}"
            + $"{"turn, ms: median",18}{"99 %",9}{"server µs/request",19}{"own µs/request",16}{"violations",12}");
        foreach (var step in steps)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{step.Settings.Clients,8}{step.RequestsPerSecond,12:0}"
                + $"{step.TurnsPerSecond,10:0}{step.TurnLatency.Median,18:0.00}{step.TurnLatency.P99,9:0.00}"
                + $"{step.Server?.CpuMicrosecondsPerRequest,19:0.0}"
                + $"{step.OwnCpuSeconds * 1e6 / Math.Max(step.Requests, 1),16:0.0}{step.ViolationCount,12}");
        }

        return text.ToString();
    }
}
