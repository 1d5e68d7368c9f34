using TurnServer.Bench.Client;
using TurnServer.Bench.Load.Statistics;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Play;

/// <summary>What all players of a test share.</summary>
/// <param name="Http">Sends the requests.</param>
/// <param name="Transport">What the player sends them over.</param>
/// <param name="Options">How to play.</param>
/// <param name="Client">Options of each player's client, without its observer.</param>
/// <param name="Ledger">Checks the turns.</param>
/// <param name="Recorder">Records latencies and counts.</param>
/// <param name="Stopping">The time is over: players end their games cleanly.</param>
/// <param name="Aborting">The grace period is over too: players abandon their games.</param>
internal sealed record PlayContext(HttpMessageInvoker Http, IRequestTransport Transport, LoadOptions Options,
    TurnClientOptions Client, TurnLedger Ledger, LoadRecorder Recorder, CancellationToken Stopping,
    CancellationToken Aborting);

/// <summary>One simulated player: registers, is paired, loads, plays a game to its end, and starts over.</summary>
/// <param name="number">Identifies it in reports.</param>
/// <param name="context">What it shares with the other players.</param>
/// <param name="pair">Its only partner; null takes any partner.</param>
/// <param name="pool">The number of its pool; null names none.</param>
internal sealed class LoadPlayer(int number, PlayContext context, NamedPair? pair, int? pool)
{
    // If the named partner had an error, both start over.
    private static readonly TimeSpan NamedPartnerTimeout = TimeSpan.FromSeconds(10);

    // A server that refuses requests is not flooded with them.
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(1);

    private readonly Random _random = new(HashCode.Combine(context.Options.Seed, number));
    private volatile PlayedGame? _game;
    private volatile string? _firstError;

    /// <summary>Its first error that the test did not inject; null if none.</summary>
    public string? FirstError => _firstError;

    public bool IsPlaying => _game is not null;

    /// <summary>Plays one game after the other until the time is over; throws only on bugs.</summary>
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
            // The run has ended.
        }
        finally
        {
            context.Transport.Close();
        }
    }

    /// <summary>A turn of this player is due; called on the pacer's thread.</summary>
    public void OnDue(long dueAt) => _game?.OnDue(dueAt);

    private TurnClientOptions ClientOptions => context.Client with { Observer = Observe };

    // False after an error.
    private async Task<bool> StartOverAsync()
    {
        (long Own, long Partners)? ids =
            pair is null ? null : await pair.MeetAsync(number % 2, context.Stopping);
        var id = ids?.Own ?? context.Ledger.DrawIds(1);
        var stream = context.Ledger.Open(id, number, pool, ids?.Partners);
        var client = new TurnClient(context.Http, context.Options.Settings.Url, ClientOptions, context.Transport);
        var partner = ids is { Partners: var partners } ? context.Ledger.NameOf(partners) : null;
        try
        {
            var refused = await client.RegisterAsync(context.Ledger.NameOf(id), partner,
                pool: pool is { } poolNumber ? context.Ledger.PoolNameOf(poolNumber) : null, cancel: context.Aborting);
            if (refused is not null)
                return Fail(refused);
            return await FindGameAsync(client, stream);
        }
        finally
        {
            // The players of a game settle its streams themselves.
            if (stream.Expected == 0 && stream.Receiver is null)
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
                return IsExpected(pair.Fault) || Fail(pair.Fault);
            if (context.Ledger.Find(pair.Value.Partner) is not { } partners)
            {
                // A player of another program, which should get a real partner.
                await client.UnregisterAsync(context.Aborting);
                return context.Stopping.IsCancellationRequested
                    || Fail($"paired with {pair.Value.Partner}, who is not a player of this test");
            }

            context.Ledger.CheckPairing(stream, partners);
            var fault = await client.LoadAsync(context.Aborting);
            if (fault is null)
            {
                var game = await client.PlayAsync(context.Aborting);
                if (game.Fault is null)
                    return await PlayAsync(game.Value, stream, partners);
                fault = game.Fault;
            }

            if (fault.Kind != TurnFaultKind.PartnerLeftEarly)
                return IsExpected(fault) || Fail(fault);
        }
    }

    // Null when the player has given up waiting for a partner.
    private async Task<TurnResult<Pairing>?> PairAsync(TurnClient client)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);
        if (pair is not null)
            timeout.CancelAfter(NamedPartnerTimeout);
        try
        {
            return await client.PairAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            await client.UnregisterAsync(context.Aborting);
            if (!context.Stopping.IsCancellationRequested)
                Fail("the named partner did not come");
            return null;
        }
    }

    private async Task<bool> PlayAsync(TurnGame game, TurnStream own, TurnStream partners)
    {
        var turns = _random.Next(context.Options.TurnsPerGame / 2, (context.Options.TurnsPerGame * 3 / 2) + 1);
        await using var played =
            new PlayedGame(game, number, own, partners, Math.Max(turns, 1), context, ClientOptions);
        _game = played;
        try
        {
            return await played.RunAsync() is not { } error || Fail(error);
        }
        finally
        {
            _game = null;
        }
    }

    private void Observe(TurnAttempt attempt)
    {
        context.Recorder.Count(attempt);
        if (attempt.Reply is { Error: ErrorCode.RateLimited or ErrorCode.ServerBusy or ErrorCode.GameCacheMaxed } busy)
            Note($"{attempt.Symbol} was refused: {TurnFault.Of(busy.Error, busy.Detail).Meaning}");
        else if (attempt.Reply is null && attempt.Loss != LossyTransport.Reason)
            Note($"{attempt.Symbol} was lost: {attempt.Loss}");
    }

    // A partner leaves before the game only when the time is over. Then the player that named it is dropped too, and
    // learns only that if the first reply that says so is lost.
    private bool IsExpected(TurnFault fault) => context.Stopping.IsCancellationRequested
        && (fault.Kind == TurnFaultKind.PartnerLeft || fault.Error == ErrorCode.KnownPartnerDrop
            || (context.Options.Settings.Loss > 0 && fault.Error == ErrorCode.NotRegistered));

    private bool Fail(TurnFault fault) => Fail(fault.Meaning);

    private bool Fail(string error)
    {
        Note(error);
        context.Options.Observer?.OnFault(number, error);
        return false;
    }

    private void Note(string error) => _firstError ??= error;
}
