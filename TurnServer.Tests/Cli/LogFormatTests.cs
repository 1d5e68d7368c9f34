using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>Standard error of the real process in each log format.</summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class LogFormatTests
{
    // Causes a warning, in addition to the messages of every start and stop.
    private const string Misspelt = "TURNSERVER_MAX_GAME";
    private const string Color = @"\e\[[0-9;]*m";

    // Makes the program take standard error for the journal.
    private static readonly string[] UnderJournal =
        ["sh", "-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec \"$@\"", "sh"];

    private static readonly string[] UnderOtherJournal =
        ["sh", "-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stdin) exec \"$@\"", "sh"];

    [Test]
    public async Task Text_is_the_default_and_has_time_severity_and_message()
    {
        foreach (var line in await LinesOfARunAsync([], []))
        {
            Assert.That(line, Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|warning|debug): [A-Z]"));
            Assert.That(line, Does.Not.Contain("\e").And.Not.Contain("TurnServer["));
        }
    }

    [Test]
    public async Task Journal_has_severity_and_message()
    {
        var lines = await LinesOfARunAsync([], [], "--log-format", "journal");
        Assert.That(lines, Has.All.Match("^<[0-7]>[A-Z]"));
        Assert.That(lines, Has.One.StartsWith("<4>Ignoring unknown environment variable")
            .And.One.StartsWith("<7>Stopping on").And.One.StartsWith("<6>Stopped on"));
        Assert.That(lines, Has.None.Contain("\e"));
    }

    [Test]
    public async Task Json_is_one_object_per_line()
    {
        var entries = (await LinesOfARunAsync([], new() { ["TURNSERVER_LOG_FORMAT"] = "json" }))
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();
        foreach (var entry in entries)
        {
            Assert.That(entry.GetProperty("Timestamp").GetString(), Does.EndWith("Z"));
            Assert.That(entry.GetProperty("Timestamp").GetDateTimeOffset(),
                Is.EqualTo(DateTimeOffset.UtcNow).Within(TestWait.Timeout));
            Assert.That(entry.GetProperty("Message").GetString(), Is.Not.Empty);
            Assert.That(entry.GetProperty("EventId").GetInt32(), Is.Positive);
        }

        Assert.That(entries.Select(entry => entry.GetProperty("LogLevel").GetString()),
            Is.EquivalentTo(new[] { "Information", "Warning", "Debug", "Information" }));
        Assert.That(entries[0].GetProperty("State").GetProperty("Players").GetInt32(), Is.EqualTo(100_000));
    }

    [Test]
    public async Task Auto_is_journal_if_standard_error_is_the_journal()
    {
        Assert.That(await LinesOfARunAsync(UnderJournal, []), Has.All.Match("^<[0-7]>[A-Z]"));
        Assert.That(await LinesOfARunAsync(UnderOtherJournal, []), Has.All.Match(@"^\d{4}-"));
        Assert.That(await LinesOfARunAsync(UnderJournal, [], "--log-format", "text"), Has.All.Match(@"^\d{4}-"));
    }

    [Test]
    public async Task A_malformed_JOURNAL_STREAM_is_ignored() =>
        Assert.That(await LinesOfARunAsync([], new() { ["JOURNAL_STREAM"] = "1:" }), Has.All.Match(@"^\d{4}-"));

    [TestCase("--max-games", "none")]
    [TestCase("--frobnicate")]
    public Task A_usage_error_has_the_log_format(params string[] flags) =>
        AssertRefusalAsync(exitCode: 2, lines: 2, flags);

    [Test]
    public async Task A_taken_port_is_one_line_in_the_log_format()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var port = Ports.Next();
        other.Bind(new IPEndPoint(IPAddress.Any, port));
        other.Listen();
        await AssertRefusalAsync(exitCode: 1, lines: 1, "--port", port.ToString(CultureInfo.InvariantCulture));
    }

    [Test]
    public async Task A_missing_format_is_refused()
    {
        await using var server = ServerChild.Launch("--log-format");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(server.Errors, Does.StartWith("turnserver: ").And.Contain("--log-format"));
    }

    [TestCase("xterm-256color", "", true)]
    [TestCase("xterm-256color", "1", false)]
    [TestCase("dumb", "", false)]
    public async Task Colors_depend_on_the_terminal_and_NO_COLOR(string terminal, string noColor, bool isColored)
    {
        // script(1) gives it a terminal and copies its output.
        string[] command = ["sh", "-c", $"exec {Tool.Require("script", "bsdutils")} -qec \"$*\" /dev/null", "sh"];
        var port = Ports.Next();
        Dictionary<string, string> environment = new() { ["TERM"] = terminal, ["NO_COLOR"] = noColor };
        await using var server = ServerChild.Launch(command, environment, port, ["--port", $"{port}"]);
        await TestWait.UntilAsync(() => server.Output.Contains("listens on", StringComparison.Ordinal),
            "it listens");
        Assert.That(server.Output,
            Does.Match(isColored ? "Z \e\\[32minfo:\e\\[0m TurnServer " : "Z info: TurnServer "));
        Assert.That(server.Output, isColored ? Does.Match(Color) : Does.Not.Match(Color));
    }

    private static async Task AssertRefusalAsync(int exitCode, int lines, params string[] flags)
    {
        await using var journal = ServerChild.Launch([.. flags, "--log-format", "journal"]);
        await using var json = ServerChild.Launch([.. flags, "--log-format", "json", "--log-level", "none"]);
        Assert.That((await journal.ExitCodeAsync(), await json.ExitCodeAsync()), Is.EqualTo((exitCode, exitCode)));
        Assert.That(Lines(journal), Has.All.StartsWith("<3>"));
        var messages = Lines(json).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(entry => "<3>" + entry.GetProperty("Message").GetString());
        Assert.That(messages, Is.EqualTo(Lines(journal)));
        Assert.That(Lines(journal), Has.Length.EqualTo(lines));
    }

    // At debug level: listening, a warning, stopping, stopped.
    private static async Task<string[]> LinesOfARunAsync(string[] command, Dictionary<string, string> environment,
        params string[] flags)
    {
        environment[Misspelt] = "1";
        var port = Ports.Next();
        await using var server = ServerChild.Launch(command, environment, port,
            ["--port", $"{port}", "--log-level", "debug", .. flags]);
        await server.WaitForLogAsync(Misspelt);
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        Assert.That(Lines(server), Has.Length.EqualTo(4));
        return Lines(server);
    }

    private static string[] Lines(ServerChild server) =>
        server.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
