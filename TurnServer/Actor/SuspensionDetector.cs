using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>
/// Detects that the process was suspended: while any deadline is pending the actor handles a message at least every
/// <see cref="Beat"/>, so a much longer gap means that requests could not be received.
/// </summary>
/// <param name="grace">The latest time after a suspension to which a deadline is extended.</param>
internal sealed class SuspensionDetector(TimeSpan grace)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    // A busy machine may wake the actor late by some hundred milliseconds.
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(2);

    private TimeSpan? _handledAt;

    /// <summary>When the actor has to wake up for this at the latest; null while nobody has a deadline.</summary>
    public TimeSpan? NextBeat => _handledAt + Beat;

    /// <summary>What the table is to be told before anything else at this time; null: nothing.</summary>
    public Suspension? Find(TimeSpan now) =>
        _handledAt is { } handledAt && now - handledAt > LongestGap ? new Suspension(now - handledAt, grace) : null;

    /// <summary>The table was told of the suspension that ends now.</summary>
    public void NoteTold(TimeSpan now) => _handledAt = now;

    /// <summary>
    /// Something was handled now. A suspension that the table could not be told of yet is kept until it can be.
    /// </summary>
    public void NoteHandled(TimeSpan now, bool isAnybodyDue)
    {
        if (Find(now) is null)
            _handledAt = isAnybodyDue ? now : null;
    }
}
