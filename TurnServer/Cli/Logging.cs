using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using TurnServer.Service;

namespace TurnServer.Cli;

/// <summary>Formats of log messages.</summary>
public enum LogFormat
{
    /// <summary><see cref="Journal"/> if standard error is systemd's journal, else <see cref="Text"/>.</summary>
    Auto,

    /// <summary>Time, severity, message.</summary>
    Text,

    /// <summary>Severity as an sd-daemon(3) prefix, message; systemd's journal adds the time.</summary>
    Journal,

    /// <summary>One JSON object per line.</summary>
    Json,
}

/// <summary>Writes log messages to standard error, one line each.</summary>
internal static class Logging
{
    private const string Category = "TurnServer";
    private const string Lines = "lines";

    /// <summary>Creates the logger factory, for messages of this level and above.</summary>
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

        var lines = new LineFormatter(Lines, hasSeverityPrefix: resolved == LogFormat.Journal, isColored: TakesColors);
        builder.Services.AddSingleton<ConsoleFormatter>(lines);
        builder.SetMinimumLevel(level).AddConsole(console =>
        {
            console.FormatterName = resolved == LogFormat.Json ? ConsoleFormatterNames.Json : Lines;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // A reader that does not read must not stop the games: messages are dropped and counted.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
    });

    /// <summary>The program's only logger.</summary>
    public static ILogger Open(ILoggerFactory factory) => factory.CreateLogger(Category);

    /// <summary>
    /// Prints why the program does not start, at any log level: as plain text, or as log messages in the other formats.
    /// </summary>
    /// <param name="format">The log format.</param>
    /// <param name="reasons">What is wrong, a line each.</param>
    /// <param name="hint">Where to find help; null: no such line.</param>
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

    // no-color.org: NO_COLOR counts unless it is empty.
    private static bool TakesColors => !Console.IsErrorRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    private static LogFormat Resolve(LogFormat format) =>
        format != LogFormat.Auto ? format : JournalStream.IsStandardError ? LogFormat.Journal : LogFormat.Text;
}
