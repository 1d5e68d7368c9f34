using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace TurnServer.Cli;

/// <summary>
/// Writes a log message as one line, as text or for systemd's journal. Unlike the library's formatters it leaves out
/// the category and the event number.
/// </summary>
/// <param name="name">The name by which the console logger selects it.</param>
/// <param name="hasSeverityPrefix">Whether to write an sd-daemon(3) prefix instead of time and severity.</param>
/// <param name="isColored">Whether to color the severity.</param>
internal sealed class LineFormatter(string name, bool hasSeverityPrefix, bool isColored) : ConsoleFormatter(name)
{
    private const string ColorEnd = "\e[0m";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider,
        TextWriter textWriter)
    {
        var (word, number, color) = Severity(logEntry.LogLevel);
        if (hasSeverityPrefix)
        {
            textWriter.Write(string.Create(CultureInfo.InvariantCulture, $"<{number}>"));
        }
        else
        {
            textWriter.Write(DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z '", CultureInfo.InvariantCulture));
            textWriter.Write(isColored ? $"{color}{word}:{ColorEnd} " : $"{word}: ");
        }

        textWriter.Write(OnOneLine(logEntry.Formatter(logEntry.State, logEntry.Exception)));
        if (logEntry.Exception is { } exception)
        {
            textWriter.Write(' ');
            textWriter.Write(OnOneLine(exception.ToString()));
        }

        textWriter.Write('\n');
    }

    // Keeps a stack trace in one journal entry, and untrusted text from moving a terminal's cursor.
    private static string OnOneLine(string text) => TerminalText.OnOneLine(text.ReplaceLineEndings(" "));

    private static (string Word, int Number, string Color) Severity(LogLevel level) => level switch
    {
        LogLevel.Trace => ("trace", 7, "\e[2m"),
        LogLevel.Debug => ("debug", 7, "\e[2m"),
        LogLevel.Information => ("info", 6, "\e[32m"),
        LogLevel.Warning => ("warning", 4, "\e[33m"),
        LogLevel.Error => ("error", 3, "\e[31m"),
        _ => ("critical", 2, "\e[1;31m"),
    };
}
