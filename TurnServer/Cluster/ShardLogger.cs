using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster;

/// <summary>Says of each message which shard it is about.</summary>
/// <param name="log">Where the messages go.</param>
/// <param name="shard">The shard's number.</param>
internal sealed class ShardLogger(ILogger log, int shard) : ILogger
{
    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => log.BeginScope(state);

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        log.Log(logLevel, eventId, state, exception,
            (now, error) => FormattableString.Invariant($"Shard {shard}: {formatter(now, error)}"));
}
