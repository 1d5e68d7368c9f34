using Microsoft.Extensions.Logging;

namespace TurnServer.Tests.Support;

/// <summary>A logger that stores its entries.</summary>
internal sealed class RecordingLog : ILogger
{
    private readonly List<(LogLevel Level, int Id, Exception? Exception, string Text)> _entries = [];

    public IReadOnlyList<(LogLevel Level, int Id, Exception? Exception, string Text)> Entries
    {
        get
        {
            lock (_entries)
                return [.. _entries];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_entries)
            _entries.Add((logLevel, eventId.Id, exception, formatter(state, exception)));
    }
}
