using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Play;

/// <summary>One simulated player: registers, is paired, loads, plays a game to its end, and starts over.</summary>
/// <param name="number">Tells it from the others, in what is reported.</param>
/// <param name="context">What it shares with them.</param>
/// <param name="couple">With whom alone it plays; null takes whoever comes.</param>
internal sealed class LoadPlayer(int number, PlayContext context, Couple? couple)
{
    // One who has named its partner waits for nobody else: when that one is in trouble, they meet again.
    private static readonly TimeSpan NamedPartnerPatience = TimeSpan.FromSeconds(10);

    // A server that refuses is not asked as fast as it can refuse.
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(1);

    private readonly Random _random = new(HashCode.Combine(context.Options.Seed, number));
    private volatile PlayedGame? _game;
    private volatile string? _firstError;

    /// <summary>The first error that it met and that was not of the test's own making; null when it met none.</summary>
    public string? FirstError => _firstError;

    public bool IsPlaying => _game is not null;

    /// <summary>Plays one game after the other until the time is over; throws nothing but bugs.</summary>
    public async Task RunAsync(TimeSpan startsAfter)
    {
        try
        {
            await Task.Delay(startsAfter, context.Stopping);
            while (!context.Stopping.IsCancellationRequested)
            {
                if (!await StartOverAsync())
                    await Task.Delay(PauseAfterFault, context.Stopping);
            }
        }
        catch (OperationCanceledException) when (context.Stopping.IsCancellationRequested)
        {
            // That is how it ends.
        }
    }

    /// <summary>A turn of this player is due; for the pacer's thread.</summary>
    public void Due(long dueAt) => _game?.Due(dueAt);

    // False when something went wrong.
    private async Task<bool> StartOverAsync()
    {
        (long Own, long Partners)? meeting =
            couple is null ? null : await couple.MeetAsync(number % 2, context.Stopping);
        var id = meeting?.Own ?? context.Ledger.DrawIds(1);
        var stream = context.Ledger.Open(id, number);
        var client = new TurnClient(context.Http, context.Options.Settings.Url,
            context.Client with { Observer = Observe });
        var partner = meeting is { Partners: var partners } ? context.Ledger.NameOf(partners) : null;
        try
        {
            if (await client.RegisterAsync(context.Ledger.NameOf(id), partner, cancel: context.Aborting) is { } refused)
                return Meet(refused);
            return await FindGameAsync(client, stream);
        }
        finally
        {
            // Of one that was played the players are done in their own time.
            if (stream.Owed == 0 && stream.Receiver is null)
                context.Ledger.Discard(stream);
        }
    }

    private async Task<bool> FindGameAsync(TurnClient client, TurnStream stream)
    {
        while (true)
        {
            var pairing = await PairAsync(client);
            if (pairing is not { } pair)
                return true;
            if (pair.Fault is not null)
                return IsExpected(pair.Fault) || Meet(pair.Fault);
            if (context.Ledger.Find(pair.Value.Partner) is not { } partners)
            {
                // Somebody else's player, who has a right to a real partner.
                await client.UnregisterAsync(context.Aborting);
                return context.Stopping.IsCancellationRequested
                    || Meet($"the partner given is {pair.Value.Partner}, not a player of this test");
            }

            var fault = await client.LoadAsync(context.Aborting);
            if (fault is null)
            {
                var game = await client.PlayAsync(context.Aborting);
                if (game.Fault is null)
                    return await PlayAsync(game.Value, stream, partners);
                fault = game.Fault;
            }

            if (fault.Kind != TurnFaultKind.PartnerLeftEarly)
                return IsExpected(fault) || Meet(fault);
        }
    }

    // Null when there is no partner and the player has given up.
    private async Task<TurnResult<Pairing>?> PairAsync(TurnClient client)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);
        if (couple is not null)
            patience.CancelAfter(NamedPartnerPatience);
        try
        {
            return await client.PairAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await client.UnregisterAsync(context.Aborting);
            if (!context.Stopping.IsCancellationRequested)
                Meet("the partner that it named did not come");
            return null;
        }
    }

    private async Task<bool> PlayAsync(TurnGame game, TurnStream own, TurnStream partners)
    {
        var turns = _random.Next(context.Options.TurnsPerGame / 2, (context.Options.TurnsPerGame * 3 / 2) + 1);
        await using (game)
        {
            var played = new PlayedGame(game, number, own, partners, Math.Max(turns, 1), context);
            _game = played;
            try
            {
                return await played.RunAsync() is not { } error || Meet(error);
            }
            finally
            {
                _game = null;
            }
        }
    }

    private void Observe(TurnAttempt attempt)
    {
        context.Recorder.Count(attempt);
        if (attempt.Reply is { Error: ErrorCode.RateLimited or ErrorCode.ServerBusy or ErrorCode.GameCacheMaxed } busy)
            Meet($"{attempt.Symbol} was refused: {TurnFault.Of(busy.Error, busy.Detail).Meaning}");
        else if (attempt.Reply is null && attempt.Loss != Http.LossyHandler.Reason)
            Meet($"{attempt.Symbol} was lost: {attempt.Loss}");
    }

    // A partner leaves before the game only when the time is over. Who had named it goes with it, and when the reply
    // that says so is dropped learns only that it is gone.
    private bool IsExpected(TurnFault fault) => context.Stopping.IsCancellationRequested
        && (fault.Kind == TurnFaultKind.PartnerLeft || fault.Error == ErrorCode.KnownPartnerDrop
            || (context.Options.Settings.Loss > 0 && fault.Error == ErrorCode.NotRegistered));

    private bool Meet(TurnFault fault) => Meet(fault.Meaning);

    private bool Meet(string error)
    {
        _firstError ??= error;
        return false;
    }
}
