using TurnServer.Protocol;

namespace TurnServer.Admin.Status;

/// <summary>The server's health.</summary>
internal enum HealthState : byte
{
    /// <summary>Nothing to do.</summary>
    Good,

    /// <summary>Players are refused, or will be if this continues.</summary>
    Warning,

    /// <summary>Players cannot play.</summary>
    Bad,
}

/// <summary>One thing that an operator should know, in a sentence.</summary>
internal sealed record Finding(HealthState State, string Text);

/// <summary>Evaluates the server's health from samples.</summary>
internal static class Health
{
    /// <summary>From here on a limit is near, and there is still time before players are refused.</summary>
    private const double NearLimit = 0.9;

    /// <summary>The actor's queue is short while it keeps up; half full, it is far behind.</summary>
    private const double LongMailbox = 0.5;

    /// <summary>One thread owns the games: past this, replies queue behind each other.</summary>
    private const double BusyActor = 0.8;

    /// <summary>Players notice jitter when a tenth of the time goes to collections.</summary>
    private const double LongPauses = 0.1;

    /// <summary>
    /// How long refusals are reported, and what shares are averaged over: a single bad second needs no attention.
    /// </summary>
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(1);

    /// <summary>The findings, the worst first; empty when all is well.</summary>
    /// <param name="samples">The last minutes, the oldest first; at least one.</param>
    /// <param name="limits">What the statistics are compared with.</param>
    public static IReadOnlyList<Finding> Evaluate(IReadOnlyList<Sample> samples, ServerLimits limits)
    {
        var last = samples[^1];
        var minuteAgo = samples.First(sample => sample.At >= last.At - Recent);
        var rates = minuteAgo == last ? null : Rates.Between(minuteAgo, last);
        IEnumerable<Finding?> findings =
        [
            Unanswered(samples),
            .. ClusterHealth.Evaluate(samples),
            // In a cluster there is a problem then, which says more.
            last.Actor is not { IsStalled: true, Problem: null } ? null : new Finding(HealthState.Bad,
                "The state cannot be recorded because the disk is full or too slow: requests are refused (reply 23) "
                + "until it can."),
            last.Actor?.StateFault is not { } fault ? null : new Finding(HealthState.Bad,
                Text($"Games would not survive a crash: {fault}. SIGTERM saves them (systemctl restart).")),
            Refused(minuteAgo, last, ErrorCode.ServerBusy, "because the server was busy (reply 23)"),
            Refused(minuteAgo, last, ErrorCode.PairingKeysMaxed, "because there are too many players (reply 11)"),
            Refused(minuteAgo, last, ErrorCode.GameKeysMaxed, "because there are too many games (reply 12)"),
            Refused(minuteAgo, last, ErrorCode.RateLimited, "by the limits per address (reply 22)"),
            Near("players", last.Actor?.Table.Players, limits.Players, "--max-players"),
            Near("games", last.Actor?.Table.Games, limits.Games, "--max-games"),
            Near("connections", last.Http.Connections, limits.Connections, "--max-connections"),
            Near("file descriptors", last.Process.Descriptors, limits.Descriptors, "LimitNOFILE"),
            Share(last.Process.ResidentBytes / (double)limits.MemoryBytes, NearLimit,
                percent => $"{percent} % of the memory is in use."),
            Share((last.Actor?.MailboxDepth ?? 0) / (double)limits.MailboxMessages, LongMailbox,
                percent => $"The actor's mailbox is {percent} % full."),
            Share(rates?.ActorBusyShare ?? 0, BusyActor, percent => $"The actor is busy {percent} % of the time."),
            Share((rates?.Cores ?? 0) / limits.Cores, NearLimit, percent => $"The processors are {percent} % busy."),
            Share(rates?.GcPauseShare ?? 0, LongPauses,
                percent => $"Garbage collections take {percent} % of the time."),
        ];
        return [.. findings.OfType<Finding>().OrderByDescending(finding => finding.State)];
    }

    /// <summary>The worst state of these findings.</summary>
    public static HealthState StateOf(IReadOnlyList<Finding> findings) =>
        findings.Count == 0 ? HealthState.Good : findings.Max(finding => finding.State);

    // Reported until no sample is left that has no answer.
    private static Finding? Unanswered(IReadOnlyList<Sample> samples)
    {
        var last = samples[^1];
        var answered = samples.LastOrDefault(sample => sample.Actor is not null);
        if (last.Actor is null)
        {
            var since = answered is null ? last.At : last.At - answered.At;
            return new Finding(HealthState.Bad, Text(
                $"The turn actor, which owns the games, has not answered for {since.TotalSeconds:0} s."));
        }

        var gaps = samples.Count(sample => sample.Actor is null);
        return gaps == 0 ? null : new Finding(HealthState.Warning,
            Text($"The turn actor did not answer for about {gaps} of the last {samples.Count} seconds."));
    }

    private static Finding? Refused(Sample from, Sample to, ErrorCode code, string why)
    {
        var count = to.Http.ErrorsByCode[(int)code] - from.Http.ErrorsByCode[(int)code];
        return count == 0 ? null : new Finding(HealthState.Warning,
            Text($"{(count == 1 ? "1 request was" : $"{count} requests were")} refused in the last minute {why}."));
    }

    private static Finding? Near(string what, long? count, long limit, string remedy) =>
        count < limit * NearLimit || count is null ? null : new Finding(HealthState.Warning,
            Text($"There are {count} {what}; the limit is {limit} ({remedy})."));

    private static Finding? Share(double share, double threshold, Func<int, FormattableString> describe) =>
        share < threshold ? null : new Finding(HealthState.Warning, Text(describe((int)Math.Round(share * 100))));

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
