using TurnServer.Bench.Cli;

namespace TurnServer.Tests.Bench;

/// <summary>Help pages and errors of the subcommands, in the style of the server's.</summary>
[NonParallelizable]
public sealed class HelpTests
{
    [TestCase("stress", "Usage: ./run.sh stress URL [options]")]
    [TestCase("soak", "Usage: ./run.sh bench soak [options] [-- FLAGS]")]
    [TestCase("compare", "Usage: ./run.sh bench compare [options] [-- FLAGS]")]
    [TestCase("rivals", "Usage: ./run.sh bench rivals [options]")]
    [TestCase("memory", "Usage: ./run.sh bench memory")]
    public async Task Help_OfACommand_HasUsageOptionsAndExitCodes(string command, string usage)
    {
        var lines = (await HelpAsync(command, "--help")).Split(Environment.NewLine);
        Assert.That(lines, Does.Contain(usage).And.Contain("Options:").And.Contain("Exit codes:"));
        Assert.That(lines, Has.All.Length.LessThanOrEqualTo(100));
    }

    [Test]
    public async Task Help_OfTheProgram_ListsTheCommandsWithoutHiddenOnes() =>
        Assert.That(await HelpAsync("--help"), Does.Contain("./run.sh stress ").And.Contain("./run.sh bench compare ")
            .And.Not.Contain("bare-kestrel"));

    [TestCase("stress --rate 0 localhost", "stress: --rate 0: give a number from 0.05 to 1000.")]
    [TestCase("stress --pools 50001 localhost", "stress: --pools 50001: give a count, a whole number from 0 to 50000.")]
    [TestCase("stress", "stress: the URL of the server is missing: such as http://localhost:8080/")]
    [TestCase("stress http://localhost --no-such", "stress: unknown option --no-such.")]
    [TestCase("rivals --only bare,apache",
        "rivals: --only bare,apache: give some of "
        + "turnserver, bare, kestrel, colyseus, socket.io, turnserver-http, node, nginx.")]
    [TestCase("compare --connections 3", "compare: --connections 3: give an even number, two to a game.")]
    public async Task WrongOption_PrintsWhatToGiveAndExitsWith2(string arguments, string error)
    {
        var (exitCode, errors) = await RefuseAsync(arguments);
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors.Split('\n')[0], Is.EqualTo(error));
        Assert.That(errors, Does.Contain(" --help lists the options"));
    }

    [TestCase("stress http://ann:secret@localhost:8080/")]
    [TestCase("stress http://localhost:8080/ http://ann:secret@localhost:8080/")]
    public async Task WrongUrl_WithAPassword_DoesNotEchoIt(string arguments)
    {
        var (exitCode, errors) = await RefuseAsync(arguments);
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors, Does.Not.Contain("secret"));
    }

    private static async Task<string> HelpAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        Assert.That(await new Commands().RunAsync(arguments, output), Is.Zero);
        return output.ToString();
    }

    private static async Task<(int ExitCode, string Errors)> RefuseAsync(string arguments)
    {
        var stderr = Console.Error;
        using var errors = new StringWriter();
        Console.SetError(errors);
        try
        {
            return (await new Commands().RunAsync(arguments.Split(' '), TextWriter.Null), errors.ToString());
        }
        finally
        {
            Console.SetError(stderr);
        }
    }
}
