using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Under what a journal was recorded: it comes to the same only when it is replayed under the same. A server that is
/// started with others replays under those and goes on with its own.
/// </summary>
/// <param name="Rules">The durations and limits.</param>
/// <param name="HasSequentialKeys">Whether keys counted up.</param>
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
