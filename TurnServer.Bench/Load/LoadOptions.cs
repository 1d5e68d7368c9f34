namespace TurnServer.Bench.Load;

/// <summary>How a load test is done: what it was asked to do, and how the players behave.</summary>
internal sealed record LoadOptions
{
    public required LoadSettings Settings { get; init; }

    /// <summary>Makes the same choices again: when players send, how long they play, what is dropped.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Turns of one player in one game, on average: from a half of it to one and a half.</summary>
    public int TurnsPerGame { get; init; } = 100;

    /// <summary>After this a game ends, however few turns it had.</summary>
    public TimeSpan GameLongest { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long players may take, when the time is over, to end their games in order.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether to carry requests by SocketsHttpHandler, to compare.</summary>
    public bool HasStandardHttp { get; init; }
}
