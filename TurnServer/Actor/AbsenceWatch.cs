using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>
/// Notices when the actor could not run. It handles something at least every <see cref="Beat"/> while anybody has a
/// deadline; when much more time has passed, players may have spoken that nobody could hear.
/// </summary>
/// <param name="grace">How far from the end of an absence on deadlines may be moved for it.</param>
internal sealed class AbsenceWatch(TimeSpan grace)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    // A busy machine may wake the actor late by some hundred milliseconds.
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(2);

    private TimeSpan? _handledAt;

    /// <summary>When the actor has to wake up for this at the latest; null while nobody has a deadline.</summary>
    public TimeSpan? NextBeat => _handledAt + Beat;

    /// <summary>What the table is to be told before anything else at this time; null: nothing.</summary>
    public Absence? Find(TimeSpan now) =>
        _handledAt is { } handledAt && now - handledAt > LongestGap ? new Absence(now - handledAt, grace) : null;

    /// <summary>The table was told of the absence that ends now.</summary>
    public void NoteTold(TimeSpan now) => _handledAt = now;

    /// <summary>
    /// Something was handled now. An absence that the table could not be told of yet is kept until it can be.
    /// </summary>
    public void NoteHandled(TimeSpan now, bool isAnybodyDue)
    {
        if (Find(now) is null)
            _handledAt = isAnybodyDue ? now : null;
    }
}
