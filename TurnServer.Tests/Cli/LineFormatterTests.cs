using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Cli;

namespace TurnServer.Tests.Cli;

/// <summary>Every message is one line, whatever it contains.</summary>
internal sealed class LineFormatterTests
{
    [TestCase(LogLevel.Trace, "<7>", "trace: ")]
    [TestCase(LogLevel.Debug, "<7>", "debug: ")]
    [TestCase(LogLevel.Information, "<6>", "info: ")]
    [TestCase(LogLevel.Warning, "<4>", "warning: ")]
    [TestCase(LogLevel.Error, "<3>", "error: ")]
    [TestCase(LogLevel.Critical, "<2>", "critical: ")]
    public void Write_OfALevel_PrintsTheSeverity(LogLevel level, string inJournal, string inText)
    {
        Assert.That(Write(level, "Well", hasSeverityPrefix: true), Is.EqualTo($"{inJournal}Well\n"));
        Assert.That(Write(level, "Well"), Does.Match($"^{Time}{inText}Well\n$"));
    }

    [Test]
    public void Write_Colored_ColorsOnlyTheSeverity() =>
        Assert.That(Write(LogLevel.Error, "Well", isColored: true),
            Does.Match($"^{Time}\e\\[31merror:\e\\[0m Well\n$"));

    [TestCase(true)]
    [TestCase(false)]
    public void Write_OfAnException_IsOneLine(bool hasSeverityPrefix)
    {
        var line = Write(LogLevel.Critical, "It broke", hasSeverityPrefix, bug: Caught());
        Assert.That(line, Does.Contain("It broke System.InvalidOperationException: one two").And.Contain("   at "));
        Assert.That(line.IndexOf('\n', StringComparison.Ordinal), Is.EqualTo(line.Length - 1));
    }

    [TestCase("a\nb", "a b")]
    [TestCase("a\r\nb", "a b")]
    [TestCase("a\eb", "a·b")]
    [TestCase("a\0b", "a·b")]
    [TestCase("a\u009Bb", "a·b")]
    [TestCase("a\u202Eb", "a·b")]
    public void Write_OfControlCharacters_ReplacesThem(string message, string shown) =>
        Assert.That(Write(LogLevel.Warning, message, hasSeverityPrefix: true), Is.EqualTo($"<4>{shown}\n"));

    [Test]
    public void Write_OfUnicodeText_KeepsIt() =>
        Assert.That(Write(LogLevel.Warning, "für 😀", hasSeverityPrefix: true), Is.EqualTo("<4>für 😀\n"));

    private const string Time = @"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ";

    private static string Write(LogLevel level, string message, bool hasSeverityPrefix = false, bool isColored = false,
        Exception? bug = null)
    {
        using var text = new StringWriter();
        new LineFormatter("any", hasSeverityPrefix, isColored).Write(
            new LogEntry<string>(level, "TurnServer", new EventId(1), message, bug, (state, _) => state), null, text);
        return text.ToString();
    }

    private static InvalidOperationException Caught()
    {
        try
        {
            throw new InvalidOperationException("one\ntwo", new FormatException("three"));
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }
}
