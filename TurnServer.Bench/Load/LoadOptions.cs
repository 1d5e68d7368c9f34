namespace TurnServer.Bench.Load;

/// <summary>Settings of a load test, which its report repeats.</summary>
/// <param name="Url">The server; of http or https.</param>
/// <param name="Clients">Simulated players at once.</param>
/// <param name="Rate">Turns a second of each player.</param>
/// <param name="Duration">How long to play.</param>
/// <param name="Wait">Whether the server holds replies, so that turns are delivered at once.</param>
/// <param name="Loss">Share of replies to drop, 0 to 1.</param>
/// <param name="ComeBack">
/// Share of turns, 0 to 1, after which their receiver crashes and comes back from what it has stored.
/// </param>
/// <param name="Pools">Number of pools that the pairs are spread over; 0: players name none.</param>
/// <param name="WebSocket">Whether each player has a WebSocket, instead of HTTP.</param>
internal sealed record LoadSettings(Uri Url, int Clients, double Rate, TimeSpan Duration, bool Wait, double Loss,
    double ComeBack = 0, int Pools = 0, bool WebSocket = false);

/// <summary>A load test: its settings, and how the players behave.</summary>
internal sealed record LoadOptions
{
    public required LoadSettings Settings { get; init; }

    /// <summary>
    /// Further servers of the same cluster. Players are spread over all, and go to the next one when theirs fails.
    /// </summary>
    public IReadOnlyList<Uri> OtherUrls { get; init; } = [];

    /// <summary>How long the server may hold replies, if it holds any.</summary>
    public TimeSpan HeldMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>See <see cref="TurnServer.Client.TurnClientOptions.ReplyTimeout"/>.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Is told what happens during the test; null: nobody is.</summary>
    public ILoadObserver? Observer { get; init; }

    /// <summary>Seed of when players send, how long they play, and which replies are dropped.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Average number of turns of one player in a game, drawn from half to one and a half times it.</summary>
    public int TurnsPerGame { get; init; } = 100;

    /// <summary>A game ends after this time, whatever its number of turns.</summary>
    public TimeSpan GameDurationMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long players may take to end their games when the time is over.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The server's process, to report its CPU time and memory; null: search for it.</summary>
    public int? ServerProcessId { get; init; }
}

/// <summary>Follows a load test while it runs. Called on any thread.</summary>
internal interface ILoadObserver
{
    /// <summary>A player begins to receive this stream.</summary>
    /// <param name="stream">A game has two.</param>
    void OnBegun(long stream);

    /// <summary>The last turn of this stream has arrived, or its receiver waits for no more.</summary>
    void OnEnded(long stream);

    /// <summary>A turn of this stream has arrived for the first time.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="latency">Since it was due.</param>
    void OnTurn(long stream, TimeSpan latency);

    /// <summary>A player had to give up its registration or its game.</summary>
    void OnFault(int player, string fault);
}
