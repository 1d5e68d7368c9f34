using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Names that are markup, escapes or paths, wherever names are shown.</summary>
[Category("Process")]
[Category("Slow"), NonParallelizable]
internal sealed class HostileNameTests
{
    private static readonly string[] ExtraNames =
    [
        "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "&lt;",
        "\u202E\u2066evil", "\u200E\u200F", "\uFEFF", "a\u2028b", "a\u2029b", "\u0301\u0301\u0301", "{Version}", "{0}",
        "../../etc/passwd", "$(reboot)", "`reboot`", "\\n", "%0d%0a", "\"", "'", "\\", "\uFFFD", "\U000E0041",
        string.Concat(Enumerable.Repeat("\U0001F600", 64)), new string('\u202E', 64),
    ];

    // C0 and C1 control characters, line breaks among them, and a name that is too long.
    private static readonly string[] Invalid =
        ["\u0000", "a\nb", "a\rb", "a\tb", "\u001B[2J", "\u007F", "\u0085", "\u009B2J", "a\u0000", new string('x', 65)];

    [Test]
    public async Task Hostile_names_are_escaped_everywhere_and_break_no_line()
    {
        var names = HostileInputs.Names.Where(name => name != "*").Concat(ExtraNames).Distinct().ToList();
        var admin = Ports.Next();
        await using var abused = await AbusedServer.StartAsync("--admin-port", $"{admin}", "--verbose", "0.2",
            "--log-level", "trace", "--pairing-timeout", "300");
        foreach (var name in names)
        {
            await using var client = await RawHttp.ConnectAsync(abused.Port);
            Assert.That((await client.PostAsync($"0,{name},*,Nobody at all,*")).Body, Does.StartWith("0/0/"), name);
            Assert.That((await client.PostAsync($"0,Plain,*,{name},*")).Body, Does.StartWith("0/0/"), name);
        }

        foreach (var name in Invalid)
        {
            await using var client = await RawHttp.ConnectAsync(abused.Port);
            Assert.That((await client.PostAsync($"0,{name},*,*,*")).Body, Is.EqualTo("7/*/*"));
            await using var other = await RawHttp.ConnectAsync(abused.Port);
            Assert.That((await other.PostAsync($"0,Plain,*,{name},*")).Body, Is.EqualTo("16/*/*"));
        }

        await CheckPagesAsync(admin, names);
        await CheckTableAsync(abused.Server, names.Count);
        await abused.CheckAsync($"{names.Count} hostile names", MemoryBound.ForLongLived(0));
        abused.Server.Signal(PosixSignal.SIGTERM);
        await abused.Server.ExitCodeAsync();
        CheckLog(abused.Server.Errors);
    }

    private static async Task CheckPagesAsync(int admin, List<string> names)
    {
        await using var client = await RawHttp.ConnectAsync(admin);
        var json = (await client.GetAsync("GET /status.json HTTP/1.1", "Host: localhost")).Body;
        Assert.That(json.All(each => each is >= ' ' and <= '~' or '\n'), Is.True, "ASCII only, names escaped");
        Assert.That(json, Does.Not.Contain('<').And.Not.Contain('&').And.Not.Contain('\''));
        using var status = JsonDocument.Parse(json);
        var rows = status.RootElement.GetProperty("players").GetProperty("rows").EnumerateArray()
            .SelectMany(row => new[] { row.GetProperty("name").GetString(), row.GetProperty("partner").GetString() });
        Assert.That(names, Is.SubsetOf(rows));
        foreach (var page in new[] { "/status", "/metrics" })
        {
            var text = (await client.GetAsync($"GET {page} HTTP/1.1", "Host: localhost")).Body;
            Assert.That(text, Does.Not.Contain("alert(1)").And.Not.Contain("onerror").And.Not.Contain("passwd"), page);
        }
    }

    // Every line of the table is a row with all its columns, without characters that move the cursor or change the
    // writing direction.
    private static async Task CheckTableAsync(ServerChild server, int names)
    {
        await TestWait.UntilAsync(() => LastTable(server.Output) is { } table
            && table.Count(line => line.Contains("waiting", StringComparison.Ordinal)) == 2 * names,
            "a table shows all names");
        foreach (var line in LastTable(server.Output)!)
        {
            Assert.That(line, Does.Match(@"^(  [0-9…]+ .* waiting .*|  key  .*|  -+ .*| .* playing .*)$"), "a row");
            Assert.That(line.EnumerateRunes().Any(IsUnprintable), Is.False, line);
        }
    }

    private static void CheckLog(string log)
    {
        foreach (var line in log.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Assert.That(line, Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [a-z]+: "), "a message");
        Assert.That(log, Does.Not.Contain("alert(1)").And.Not.Contain("reboot").And.Not.Contain("passwd"));
    }

    private static bool IsUnprintable(Rune rune) => Rune.IsControl(rune)
        || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format
            or System.Globalization.UnicodeCategory.LineSeparator
            or System.Globalization.UnicodeCategory.ParagraphSeparator;

    // The rows of the last complete table of players; null when there is none yet.
    private static List<string>? LastTable(string output)
    {
        var end = output.LastIndexOf("\ngames: ", StringComparison.Ordinal);
        var start = end < 0 ? -1 : output.LastIndexOf("players: ", end, StringComparison.Ordinal);
        return start < 0 ? null : [.. output[start..end].Split('\n')[1..]];
    }
}
