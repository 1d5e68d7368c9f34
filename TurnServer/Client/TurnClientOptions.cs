using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>How a client asks, waits and repeats. The defaults suit a phone.</summary>
public sealed record TurnClientOptions
{
    /// <summary>
    /// How long the server may hold a reply that has no news (PROTOCOL.md, "Waiting for news"), in whole seconds; the
    /// server may hold it for less. Zero never holds: then news is asked for every <see cref="PollInterval"/>. Together
    /// with <see cref="ReplyTimeout"/> less than the server's timeouts of 25 s and 30 s, so that one request that never
    /// arrives does not look like a player that fell silent.
    /// </summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often news is asked for when the server holds no reply, as an old one does not.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The longest a seat is silent while nobody waits for turns and there are none to send. Far less than the server's
    /// <c>--game-timeout</c>, so that a few lost requests do not end the game.
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one request may go unanswered before it counts as lost, beyond the time its reply may be held.
    /// </summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a lost request is repeated before <see cref="TurnFaultKind.Unreachable"/>, counted from when the first
    /// attempt was given up. The server's default patience with a silent player is about as long.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The pause before a lost request is repeated for the second time; the first time there is none, as all that has
    /// happened is most often that an idle connection was closed. Each further pause is twice as long.
    /// </summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest pause between repetitions.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Told of each request as it ends, those apart that are cancelled, on whatever thread that is; it must not block.
    /// Null tells nobody.
    /// </summary>
    public Action<TurnAttempt>? Observer { get; init; }

    /// <summary>Turned by hand in tests.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>One request and how it ended. A request that is repeated is several attempts.</summary>
/// <param name="Symbol">What it asked.</param>
/// <param name="Elapsed">From sending it to its reply, or to giving it up as lost.</param>
/// <param name="Reply">What came back; null when it was lost.</param>
/// <param name="Loss">Why it was lost; null when it was not.</param>
public readonly record struct TurnAttempt(Symbol Symbol, TimeSpan Elapsed, ServerReply? Reply, string? Loss);
