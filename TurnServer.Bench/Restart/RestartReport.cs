using System.Text;

namespace TurnServer.Bench.Restart;

/// <summary>One restart.</summary>
/// <param name="Stop">Until the process had ended.</param>
/// <param name="Start">From the start of the process until it was healthy.</param>
/// <param name="Played">From the start of the process until every tenth game had continued.</param>
/// <param name="Pause">For a client, from the last reply before to the first after.</param>
/// <param name="Megabytes">The size of the state on the disk, in MiB.</param>
internal sealed record RestartTimes(TimeSpan Stop, TimeSpan Start, TimeSpan Played, TimeSpan Pause, double Megabytes);

/// <summary>The restarts of one round.</summary>
internal sealed record RestartRound(RestartTimes Killed, RestartTimes Stopped);

/// <summary>The report of <c>bench restart</c>.</summary>
internal static class RestartReport
{
    private const double StartGoalSeconds = 1;
    private const double BytesGoal = 100;

    /// <summary>One round as a line.</summary>
    public static string Row(RestartRound round) => $"kill -9: {Row(round.Killed)}; SIGTERM: "
        + Row(round.Stopped);

    /// <summary>The medians of all rounds, next to the goals.</summary>
    public static string Compose(IReadOnlyList<RestartRound> rounds, double overheadBytes)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine($"Medians of {rounds.Count} rounds (lowest to highest), seconds:").AppendLine();
        text.AppendLine($"{"",-40} {"goal",-8} {"kill -9",-24} {"SIGTERM",-24}");
        Append(text, "start until healthy", $"< {StartGoalSeconds:0}", rounds, times => times.Start.TotalSeconds);
        Append(text, "start until every tenth game continued", "", rounds, times => times.Played.TotalSeconds);
        Append(text, "stop", "", rounds, times => times.Stop.TotalSeconds);
        Append(text, "pause between replies to a client", "", rounds, times => times.Pause.TotalSeconds);
        Append(text, "files, MiB", "", rounds, times => times.Megabytes);
        text.AppendLine();
        text.AppendLine($"journal overhead per turn, bytes          goal < {BytesGoal:0}: {overheadBytes:0.0}");
        return text.ToString();
    }

    private static string Row(RestartTimes times) => $"stop {times.Stop.TotalSeconds:0.00} "
        + $"start {times.Start.TotalSeconds:0.00} played {times.Played.TotalSeconds:0.00} "
        + $"pause {times.Pause.TotalSeconds:0.00} s, {times.Megabytes:0.0} MiB";

    private static void Append(StringBuilder text, string name, string goal, IReadOnlyList<RestartRound> rounds,
        Func<RestartTimes, double> figure)
    {
        var killed = Spread.Of(rounds.Select(round => figure(round.Killed)));
        var stopped = Spread.Of(rounds.Select(round => figure(round.Stopped)));
        text.AppendLine($"{name,-40} {goal,-8} {killed,-24} {stopped,-24}");
    }
}
