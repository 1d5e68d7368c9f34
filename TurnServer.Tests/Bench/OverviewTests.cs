using System.CommandLine;
using TurnServer.Bench;

namespace TurnServer.Tests.Bench;

/// <summary>Help names what people call, which is run.sh.</summary>
public sealed class OverviewTests
{
    [TestCase("stress", "  ./run.sh stress <url> [options]")]
    [TestCase("soak", "  ./run.sh bench soak [<server flags>...] [options]")]
    [TestCase("compare", "  ./run.sh bench compare [<server flags>...] [options]")]
    public void Help_OfACommand_SaysHowRunShCallsIt(string command, string usage) =>
        Assert.That(Help(command, "--help").Split(Environment.NewLine), Does.Contain(usage));

    [Test]
    public void Help_OfTheWhole_ListsTheCommandsButThoseThatCompareStarts() =>
        Assert.That(Help("--help"), Does.Contain("./run.sh stress ").And.Contain("./run.sh bench compare ")
            .And.Not.Contain("bare-kestrel"));

    private static string Help(params string[] arguments)
    {
        using var output = new StringWriter();
        Assert.That(Commands.Parse(arguments).Invoke(new InvocationConfiguration { Output = output }), Is.Zero);
        return output.ToString();
    }
}
