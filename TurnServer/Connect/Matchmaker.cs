using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Connect;

/// <summary>
/// Finds a partner and begins the game. Starts over when a partner leaves before the game or the server loses the
/// registration.
/// </summary>
/// <param name="player">The player.</param>
/// <param name="name">Its name.</param>
/// <param name="partner">The name of the only partner wanted; null: any partner.</param>
/// <param name="pool">The pool to be paired in; null: none.</param>
/// <param name="token">The token of all its registrations; a saved one resumes an earlier registration.</param>
/// <param name="place">The server, for messages.</param>
/// <param name="time">The clock; tests replace it.</param>
/// <param name="report">Called with each message for the user.</param>
internal sealed class Matchmaker(TurnClient player, string name, string? partner, string? pool, string token,
    string place, TimeProvider time, Action<string> report)
{
    // Limits the rate at a server that loses each registration at once.
    private static readonly TimeSpan RegistrationInterval = TimeSpan.FromSeconds(1);

    // Whether the server may have a registration, and whether it has confirmed that.
    private bool _mayBeRegistered;
    private bool _isRegistered;

    /// <summary>Waits for a partner and begins the game, without a timeout.</summary>
    public async Task<TurnResult<TurnGame>> FindPartnerAsync(CancellationToken cancel)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var registeredAt = time.GetTimestamp();
            (_mayBeRegistered, _isRegistered) = (true, false);
            if (await player.RegisterAsync(name, partner, token, pool, cancel: cancel) is { } refused)
                return refused;
            _isRegistered = true;
            if (isFirst)
                report(Waiting());
            var game = await PlayAsync(cancel);
            if (game.Fault is not { Kind: TurnFaultKind.RegistrationGone } gone)
                return game;
            report(gone.Error == ErrorCode.KnownPartnerDrop
                ? $"{partner} left before the start; waiting again"
                : "the server has lost this registration; registering again");

            _mayBeRegistered = false;
            var pause = RegistrationInterval - time.GetElapsedTime(registeredAt);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, time, cancel);
        }
    }

    /// <summary>Ends the registration, so that no partner is paired with this player.</summary>
    public async Task LeaveAsync(CancellationToken cancel)
    {
        if (!_mayBeRegistered)
            return;
        // A cancelled registration may have reached the server: registering with the same token returns its key.
        if (!_isRegistered && await player.RegisterAsync(name, partner, token, pool, cancel: cancel) is not null)
            return;
        await player.UnregisterAsync(cancel);
    }

    private string Waiting()
    {
        var where = pool is null ? $"at {place}" : $"in the pool {pool} at {place}";
        return partner is null
            ? $"waiting for a partner {where}"
            : $"waiting for {partner} {where}, who must name {name}";
    }

    // Retries when a partner leaves before the game.
    private async Task<TurnResult<TurnGame>> PlayAsync(CancellationToken cancel)
    {
        while (true)
        {
            var pairing = await player.PairAsync(cancel);
            var fault = pairing.Fault ?? await player.LoadAsync(cancel);
            var game = fault is null ? await player.PlayAsync(cancel) : fault;
            if (game.Fault is null)
                report($"paired with {pairing.Value.Partner}");
            if (game.Fault is not { Kind: TurnFaultKind.PartnerLeftEarly })
                return game;
            var who = pairing.Fault is null ? pairing.Value.Partner : "a partner";
            report($"{who} left before the start; waiting again");
        }
    }
}
