using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// The settings that a journal was recorded under and must be replayed under. A server started with other settings
/// replays under the recorded ones and continues under its own.
/// </summary>
/// <param name="Rules">The durations and limits.</param>
/// <param name="HasSequentialKeys">Whether keys count up.</param>
internal sealed record StateSettings(RulesOptions Rules, bool HasSequentialKeys)
{
    public void Write(FieldWriter to)
    {
        to.Time(Rules.PairingTimeout);
        to.Time(Rules.LongPairingTimeout);
        to.Time(Rules.LoadTimeout);
        to.Time(Rules.GameTimeout);
        to.Number(Rules.PlayersMax);
        to.Number(Rules.GamesMax);
        to.Number(Rules.PlayersPerAddressMax);
        to.Flag(HasSequentialKeys);
    }

    public static StateSettings Read(ref FieldReader from) => new(
        new RulesOptions
        {
            PairingTimeout = from.Time(),
            LongPairingTimeout = from.Time(),
            LoadTimeout = from.Time(),
            GameTimeout = from.Time(),
            PlayersMax = from.Int(),
            GamesMax = from.Int(),
            PlayersPerAddressMax = from.Int(),
        },
        from.Flag());
}
