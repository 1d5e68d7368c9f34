namespace TurnServer.Client;

/// <summary>
/// Finds a partner and begins the game, over whatever happens on the way there: a partner that leaves before the game, a
/// server that is restarted.
/// </summary>
/// <param name="player">Who wants to play.</param>
/// <param name="name">Its name.</param>
/// <param name="partner">The name of the only partner wanted; null takes whoever comes.</param>
/// <param name="place">Where it waits, as people call it.</param>
/// <param name="time">Turned by hand in tests.</param>
/// <param name="say">Told what happens, a sentence each.</param>
internal sealed class Meeting(TurnClient player, string name, string? partner, string place, TimeProvider time,
    Action<string> say)
{
    // A server that loses each registration at once is not to be asked as fast as the network allows.
    private static readonly TimeSpan RegistrationInterval = TimeSpan.FromSeconds(1);

    /// <summary>Whether the server may know this player.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>Waits until there is a game, for as long as it takes.</summary>
    public async Task<TurnResult<TurnGame>> MeetAsync(CancellationToken cancel)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var registeredAt = time.GetTimestamp();
            if (await player.RegisterAsync(name, partner, cancel: cancel) is { } refused)
                return refused;
            IsRegistered = true;
            if (isFirst)
                say($"waiting for {partner ?? "anybody"} at {place}{(partner is null ? "" : $", who must name {name}")}");
            var game = await PlayAsync(cancel);
            switch (game.Fault?.Kind)
            {
                case TurnFaultKind.RegistrationGone:
                    say("the server has lost this registration; registering again");
                    break;
                case TurnFaultKind.PartnerLeft:
                    say($"{partner ?? "the partner"} left before the start; waiting again");
                    break;
                default:
                    return game;
            }

            IsRegistered = false;
            var pause = RegistrationInterval - time.GetElapsedTime(registeredAt);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, time, cancel);
        }
    }

    // With the next partner when one leaves before the game.
    private async Task<TurnResult<TurnGame>> PlayAsync(CancellationToken cancel)
    {
        while (true)
        {
            var pairing = await player.PairAsync(cancel);
            var fault = pairing.Fault ?? await player.LoadAsync(cancel);
            var game = fault is null ? await player.PlayAsync(cancel) : fault;
            if (game.Fault is null)
                say($"paired with {pairing.Value.Partner}");
            if (game.Fault is not { Kind: TurnFaultKind.PartnerLeftEarly })
                return game;
            say($"{(pairing.Fault is null ? pairing.Value.Partner : "a partner")} left before the start; waiting again");
        }
    }
}
