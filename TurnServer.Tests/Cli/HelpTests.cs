using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary><c>--help</c> and <c>--version</c>.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class HelpTests
{
    private static readonly string[] Groups =
        ["Listening:", "Timeouts, in seconds (decimals allowed):", "Limits:", "State:",
        "Logging and debugging:", "Other:"];

    private static readonly (string Flag, string? Default)[] Flags =
    [
        ("-p, --port PORT", "80"), ("--host ADDRESS", "all"), ("--trust-proxy", null), ("--cors-origin ORIGIN", "*"),
        ("--demo", null),
        ("--pairing-timeout SECONDS", "25"), ("--long-pairing-timeout SECONDS", "180"),
        ("--load-timeout SECONDS", "30"),
        ("--game-timeout SECONDS", "30"), ("--body-timeout SECONDS", "10"), ("--max-wait SECONDS", "25"),
        ("--max-players COUNT", "100000"), ("--max-games COUNT", "50000"), ("--players-per-address COUNT", "256"),
        ("--requests-per-second COUNT", "1000"), ("--max-connections COUNT", "80 % of the file descriptor limit"),
        ("--state DIR", "none: a restart ends all games"), ("--state-sync WHEN", "batch"),
        ("--restart-grace SECONDS", "same as --game-timeout, at most 86400"),
        ("--keys KIND", "random"), ("-v, --verbose [SECONDS]", "10 when given without a number"),
        ("--log-level LEVEL", "information"), ("--log-format FORM", "auto"), ("-h, --help", null), ("--version", null),
    ];

    [TestCase("--help")]
    [TestCase("-h")]
    [TestCase("-?")]
    public async Task Help_lists_every_flag_in_its_group_with_its_default(string argument)
    {
        await using var server = ServerChild.Launch(argument);
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        // Undo line wrapping: the row of a flag ends where the next begins.
        var help = string.Join(' ', server.Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        var groups = Groups.Select(group => help.IndexOf(group, StringComparison.Ordinal)).ToArray();
        Assert.That(groups, Has.All.GreaterThan(0));
        Assert.That(groups, Is.Ordered);
        var flags = Flags.Select(row => help.IndexOf(row.Flag + " ", StringComparison.Ordinal)).ToArray();
        Assert.That(flags, Has.All.GreaterThan(0));
        Assert.That(flags, Is.Ordered);
        for (var i = 0; i < Flags.Length - 1; i++)
        {
            if (Flags[i].Default is { } text)
                Assert.That(help[flags[i]..flags[i + 1]], Does.Contain($"[{text}]"), Flags[i].Flag);
        }

        Assert.That(server.Output.Split('\n').Max(line => line.Length), Is.LessThanOrEqualTo(100));
        Assert.That(server.Errors, Is.Empty);
    }

    [Test]
    public async Task Help_is_printed_although_other_options_are_wrong()
    {
        await using var server = ServerChild.Launch("--help", "--port", "70000");
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        Assert.That(server.Output, Does.Contain("Usage:"));
    }

    [Test]
    public async Task Version_is_one_line()
    {
        await using var server = ServerChild.Launch("--version");
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        Assert.That(server.Output, Does.Match(@"^\d+\.\d+\.\d+\n$"));
        Assert.That(server.Errors, Is.Empty);
    }
}
