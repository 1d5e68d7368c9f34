using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>
/// Detects that the process was suspended: while any deadline is pending the actor handles a message at least every
/// <see cref="CheckInterval"/>, so a much longer gap means that requests could not be received.
/// </summary>
/// <param name="grace">The latest time after a suspension to which a deadline is extended.</param>
internal sealed class SuspensionDetector(TimeSpan grace)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    // A busy machine may wake the actor a few hundred milliseconds late.
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(2);

    private TimeSpan? _handledAt;

    /// <summary>When the actor must handle a message at the latest; null while no deadline is pending.</summary>
    public TimeSpan? NextCheck => _handledAt + CheckInterval;

    /// <summary>The suspension that ends now and has not been reported to the table; null when there is none.</summary>
    public Suspension? Find(TimeSpan now) =>
        _handledAt is { } handledAt && now - handledAt > LongestGap ? new Suspension(now - handledAt, grace) : null;

    /// <summary>Notes that the suspension that ends now has been reported to the table.</summary>
    public void NoteReported(TimeSpan now) => _handledAt = now;

    /// <summary>Notes that a message has been handled. A suspension not yet reported stays until it is.</summary>
    public void NoteHandled(TimeSpan now, bool hasDeadlines)
    {
        if (Find(now) is null)
            _handledAt = hasDeadlines ? now : null;
    }
}
