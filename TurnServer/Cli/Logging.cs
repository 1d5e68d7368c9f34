using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using TurnServer.Service;

namespace TurnServer.Cli;

/// <summary>How log messages are written.</summary>
public enum LogFormat
{
    /// <summary>As the journal wants it when standard error is the journal, else as text.</summary>
    Auto,

    /// <summary>For people: time, severity, message.</summary>
    Text,

    /// <summary>For systemd's journal, which knows the time itself: severity as sd-daemon(3) has it, message.</summary>
    Journal,

    /// <summary>For programs: one JSON object a line.</summary>
    Json,
}

/// <summary>Where log messages go: standard error, a line each.</summary>
internal static class Logging
{
    private const string Category = "TurnServer";
    private const string Lines = "lines";

    /// <summary>Messages of this level and above.</summary>
    public static ILoggerFactory Create(LogLevel level, LogFormat format) => LoggerFactory.Create(builder =>
    {
        var resolved = Resolve(format);
        if (resolved == LogFormat.Json)
        {
            builder.AddJsonConsole(json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }

        var lines = new LineFormatter(Lines, isJournal: resolved == LogFormat.Journal, isColored: TakesColors);
        builder.Services.AddSingleton<ConsoleFormatter>(lines);
        builder.SetMinimumLevel(level).AddConsole(console =>
        {
            console.FormatterName = resolved == LogFormat.Json ? ConsoleFormatterNames.Json : Lines;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // A reader that has stopped reading must not stop the games: what it does not take is dropped and counted.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
    });

    /// <summary>The one log.</summary>
    public static ILogger Open(ILoggerFactory factory) => factory.CreateLogger(Category);

    /// <summary>
    /// Says why the server does not start, at whatever log level: to people as any program does, to others in the form
    /// of the log.
    /// </summary>
    /// <param name="format">The form of the log.</param>
    /// <param name="reasons">What is wrong, a line each.</param>
    /// <param name="hint">Where to look further; null: nowhere.</param>
    public static void Refuse(LogFormat format, IEnumerable<string> reasons, string? hint = null)
    {
        if (Resolve(format) == LogFormat.Text)
        {
            foreach (var reason in reasons)
                Console.Error.WriteLine($"turnserver: {TerminalText.OnOneLine(reason)}");
            if (hint is not null)
                Console.Error.WriteLine(hint);
            return;
        }

        using var factory = Create(LogLevel.Error, format);
        var log = Open(factory);
        foreach (var reason in hint is null ? reasons : reasons.Append(hint))
            Log.Refused(log, reason);
    }

    // no-color.org: the variable counts when it is not empty.
    private static bool TakesColors => !Console.IsErrorRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    private static LogFormat Resolve(LogFormat format) =>
        format != LogFormat.Auto ? format : JournalStream.IsStandardError ? LogFormat.Journal : LogFormat.Text;
}
