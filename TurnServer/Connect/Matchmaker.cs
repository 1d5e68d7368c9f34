using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Connect;

/// <summary>
/// Finds a partner and begins the game, over whatever happens on the way there: a partner that leaves before the game,
/// a server that is restarted.
/// </summary>
/// <param name="player">Who wants to play.</param>
/// <param name="name">Its name.</param>
/// <param name="partner">The name of the only partner wanted; null takes whoever comes.</param>
/// <param name="token">
/// Of all its registrations: with one that has been kept, the first may be one that is there already.
/// </param>
/// <param name="place">Where it waits, as people call it.</param>
/// <param name="time">Turned by hand in tests.</param>
/// <param name="say">Told what happens, a sentence each.</param>
internal sealed class Matchmaker(TurnClient player, string name, string? partner, string token, string place,
    TimeProvider time, Action<string> say)
{
    // A server that loses each registration at once is not to be asked as fast as the network allows.
    private static readonly TimeSpan RegistrationInterval = TimeSpan.FromSeconds(1);

    // Whether the server may have a registration, and whether it has said so.
    private bool _isAsked;
    private bool _isAnswered;

    /// <summary>Waits until there is a game, for as long as it takes.</summary>
    public async Task<TurnResult<TurnGame>> FindPartnerAsync(CancellationToken cancel)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var registeredAt = time.GetTimestamp();
            (_isAsked, _isAnswered) = (true, false);
            if (await player.RegisterAsync(name, partner, token, cancel: cancel) is { } refused)
                return refused;
            _isAnswered = true;
            if (isFirst)
                say(partner is null ? $"waiting for anybody at {place}" : WaitingForNamed(partner));
            var game = await PlayAsync(cancel);
            if (game.Fault is not { Kind: TurnFaultKind.RegistrationGone } gone)
                return game;
            say(gone.Error == ErrorCode.KnownPartnerDrop
                ? $"{partner} left before the start; waiting again"
                : "the server has lost this registration; registering again");

            _isAsked = false;
            var pause = RegistrationInterval - time.GetElapsedTime(registeredAt);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, time, cancel);
        }
    }

    /// <summary>Gives up waiting, so that nobody is paired with who is not there any more.</summary>
    public async Task LeaveAsync(CancellationToken cancel)
    {
        if (!_isAsked)
            return;
        // A registration that was called off may have been made: the same token gives its key.
        if (!_isAnswered && await player.RegisterAsync(name, partner, token, cancel: cancel) is not null)
            return;
        await player.UnregisterAsync(cancel);
    }

    private string WaitingForNamed(string wanted) => $"waiting for {wanted} at {place}, who must name {name}";

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
            var who = pairing.Fault is null ? pairing.Value.Partner : "a partner";
            say($"{who} left before the start; waiting again");
        }
    }
}
