using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>Timeouts and intervals of a client. The defaults suit a phone.</summary>
public sealed record TurnClientOptions
{
    /// <summary>
    /// How long the server may hold a reply that has no news (PROTOCOL.md, "Waiting for news"), rounded down to whole
    /// seconds. Zero: replies are not held, and the client polls every <see cref="PollInterval"/>. Keep the sum of this
    /// and <see cref="ReplyTimeout"/> below the server's timeouts (25 s and 30 s), so that one lost request does not
    /// drop the player.
    /// </summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary><see cref="Wait"/> as the header Prefer has it, in whole seconds.</summary>
    internal TimeSpan HeldWait => new(Wait.Ticks - (Wait.Ticks % TimeSpan.TicksPerSecond));

    /// <summary>How often to poll when the server does not hold replies, as an old one does not.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a seat sends nothing while it neither waits for turns nor has any to send. Keep it far below the
    /// server's <c>--game-timeout</c>, so that a few lost requests do not end the game.
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether the app stores <see cref="TurnGame.Save"/> after each turn that it has read. Then nothing is sent before
    /// the first save, and turns that no saved game has are not acknowledged, so that an app which is killed at any
    /// moment misses none. The next turns come only after a save. If not, turns that came after the last save are
    /// missed: see <see cref="TurnGame.Missed"/>.
    /// </summary>
    public bool SavesEachTurn { get; init; }

    /// <summary>
    /// How long to wait for a reply before the request counts as lost, in addition to the time it may be held.
    /// </summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long to repeat a lost request before <see cref="TurnFaultKind.Unreachable"/>, counted from when the first
    /// attempt was given up. As long as the server's default timeouts: raise both together.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The pause before the second repetition; each further pause is twice as long. The first repetition is immediate:
    /// most often an idle connection was closed.
    /// </summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest pause between repetitions.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Called when a request ends, unless it was cancelled; on any thread, and must not block. Null: not called.
    /// </summary>
    public Action<TurnAttempt>? Observer { get; init; }

    /// <summary>The clock; tests replace it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>One attempt to send a request, and its result.</summary>
/// <param name="Symbol">The request's symbol.</param>
/// <param name="Elapsed">From sending it to its reply, or to giving it up as lost.</param>
/// <param name="Reply">The reply; null when the attempt was lost.</param>
/// <param name="Loss">Why the attempt was lost; null when it was not.</param>
public readonly record struct TurnAttempt(Symbol Symbol, TimeSpan Elapsed, ServerReply? Reply, string? Loss);
