using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary><c>./run.sh</c>: help and mistyped commands, which need no SDK; the totals of tests.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RunScriptTests
{
    private static readonly string[] Commands =
    [
        "serve", "connect", "install", "uninstall", "deb", "publish", "test", "simulate", "fuzz", "bench", "stress",
        "help",
    ];

    [TestCase("help")]
    [TestCase("--help")]
    [TestCase("-h")]
    public async Task Help_lists_every_command(string argument)
    {
        var output = await HelpAsync(argument);
        foreach (var command in Commands)
            Assert.That(output, Does.Match($@"(?m)^  (\w+, )?{command}\b"));
        Assert.That(output, Does.Contain("./run.sh serve --help lists the options"));
        Assert.That(output.Split('\n'), Has.All.Length.LessThanOrEqualTo(120));
    }

    [TestCase("test", "--all")]
    [TestCase("publish", "DIR")]
    [TestCase("deb", "--binary PATH")]
    [TestCase("install", "--dry-run")]
    [TestCase("uninstall", "--dry-run")]
    [TestCase("fuzz", "--seconds N")]
    public async Task Help_of_a_script_command_needs_no_build(string command, string argument)
    {
        var output = await HelpAsync(command, "--help");
        Assert.That(output, Does.StartWith("Usage: ./run.sh "));
        Assert.That(output, Does.Contain($"./run.sh {command} ").And.Contain(argument));
        Assert.That(await HelpAsync("help", command), Is.EqualTo(output));
    }

    [TestCase("tests", "test")]
    [TestCase("tset", "test")]
    [TestCase("benchmark", "bench")]
    [TestCase("sim", "simulate")]
    [TestCase("instal", "install")]
    [TestCase("fuz", "fuzz")]
    public async Task A_mistyped_command_is_refused_with_the_nearest_one(string typed, string meant)
    {
        var errors = await RefuseAsync(typed);
        Assert.That(errors, Does.Contain($"unknown command {typed}; did you mean {meant}?"));
        Assert.That(errors, Does.Contain("./run.sh help lists the commands"));
    }

    [Test]
    public async Task An_unlike_word_is_refused_without_a_suggestion() =>
        Assert.That(await RefuseAsync("frobnicate"), Does.Contain("unknown command frobnicate\n"));

    [TestCase("test", "--al")]
    [TestCase("publish")]
    [TestCase("publish", "--all")]
    [TestCase("deb", "now")]
    public async Task A_wrong_argument_is_refused(params string[] arguments) =>
        Assert.That(await RefuseAsync(arguments), Does.StartWith("run.sh"));

    [TestCase("echo 'Passed!  - Failed:     0, Passed:   212, Skipped:     3, Total:   215, Duration: 1 s'", 0,
        "212 passed, 0 failed, 3 skipped")]
    [TestCase("echo 'Failed!  - Failed:     2, Passed:   210, Skipped:     0, Total:   212, Duration: 1 s'; exit 1", 1,
        "210 passed, 2 failed, 0 skipped")]
    [TestCase("echo 'The active test run was aborted. Reason: Test host process crashed'; exit 1", 1,
        "0 passed, 1 failed, 0 skipped")]
    public async Task The_last_line_of_test_counts_a_crashed_run_as_a_failure(string run, int status, string totals)
    {
        using var machine = new FreshMachine();
        machine.InstallSdk(run);
        var (exitCode, output, errors) = await machine.RunAsync(null, "test");
        Assert.That(output.TrimEnd().Split('\n')[^1], Is.EqualTo(totals), errors);
        Assert.That(exitCode, Is.EqualTo(status));
    }

    private static async Task<string> HelpAsync(params string[] arguments)
    {
        using var machine = new FreshMachine();
        var (exitCode, output, errors) = await machine.RunAsync(null, arguments);
        Assert.That((exitCode, errors), Is.EqualTo((0, "")));
        Assert.That(machine.TakeCalls(), Is.Empty);
        return output;
    }

    private static async Task<string> RefuseAsync(params string[] arguments)
    {
        using var machine = new FreshMachine();
        var (exitCode, _, errors) = await machine.RunAsync(null, arguments);
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(machine.TakeCalls(), Is.Empty);
        return errors;
    }
}
