using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>The npm package of the web client.</summary>
[Category("Slow"), Category("Process")]
internal sealed class WebPackageTests : ServerFixture
{
    private const string Game = """
        import { play } from "turnserver-client";
        const [url, name, partner] = process.argv.slice(2), game = await play(url, name, partner);
        let last = 0;
        if (game.seat === 0) await game.send("1");
        for await (const turn of game.turns()) {
            last = Number(turn);
            if (last < 20) await game.post(String(last + 1));
            if (last >= 19) break;
        }
        await game.quit();
        console.log(`${name} ${last}`);
        """;

    private static readonly string Package = Path.Combine(Repository.Root, "TurnServer/Client/web");

    [Test]
    public async Task Its_own_tests_pass()
    {
        var (exitCode, output) = await RunAsync(Package, Tool.Require("node", "nodejs"), "--test");
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Match("(?m)^# pass [1-9][0-9]+$"));
    }

    [Test]
    public async Task A_project_that_installs_the_package_plays()
    {
        var (node, npm) = (Tool.Require("node", "nodejs"), Tool.Require("npm"));
        using var project = new TempFolder("turnserver-npm-");
        await RunCheckedAsync(Package, npm, "pack", "--pack-destination", project.Path);
        var archive = Directory.GetFiles(project.Path, "*.tgz").Single();
        await RunCheckedAsync(project.Path, npm, "init", "-y");
        await RunCheckedAsync(project.Path, npm, "install", "--offline", "--no-audit", "--no-fund", archive);
        await File.WriteAllTextAsync(project.PathOf("game.mjs"), Game);
        var outcomes = await Task.WhenAll(
            RunAsync(project.Path, node, "game.mjs", Server.Url.ToString(), "Ann", "Bob"),
            RunAsync(project.Path, node, "game.mjs", Server.Url.ToString(), "Bob", "Ann"));
        Assert.That(outcomes.Select(outcome => outcome.ExitCode), Is.All.Zero, outcomes[0].Output + outcomes[1].Output);
        Assert.That(outcomes.Select(outcome => outcome.Output.Trim().Split(' ')[1]),
            Is.EquivalentTo(new[] { "19", "20" }));
    }

    private static async Task RunCheckedAsync(string folder, string tool, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(folder, tool, arguments);
        Assert.That(exitCode, Is.Zero, output);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string folder, string tool,
        params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments) { WorkingDirectory = folder };
        var (exitCode, output, errors) = await Tool.RunAsync(start, 2 * TestWait.Timeout);
        return (exitCode, output + errors);
    }
}
