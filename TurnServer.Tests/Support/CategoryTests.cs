using System.Reflection;
using System.Text.RegularExpressions;

namespace TurnServer.Tests.Support;

/// <summary>
/// Tests that start the server as a process are in the category Process: <c>./run.sh test --all</c> runs these again,
/// with the published binary.
/// </summary>
internal sealed class CategoryTests
{
    private const string Process = "Process";

    private static readonly Regex StartsServer = new(
        $@"\b((AbusedServer|FuzzedServer|{nameof(ServerChild)})\.(Start|Launch)|{nameof(ConnectChild)}\."
        + $@"|({nameof(HttpScenarioServer)}|{nameof(StateFolder)}|{nameof(ServerFixture)}|{nameof(AdminFixture)}"
        + $@"|{nameof(ServerCluster)})\b)");

    // These test what is installed, whatever TEST_SERVER says.
    private static readonly Regex UsesPublishedServer =
        new($@"\b({nameof(PublishedServer)}|{nameof(InstallSandbox)})\b");

    [Test]
    public void Fixtures_that_start_the_server_and_no_others_have_the_category()
    {
        var expected = Directory
            .GetFiles(Path.Combine(Repository.Root, "TurnServer.Tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetFileNameWithoutExtension(file) != nameof(CategoryTests))
            .Where(file => File.ReadAllText(file) is var text
                && StartsServer.IsMatch(text) && !UsesPublishedServer.IsMatch(text))
            .Select(Path.GetFileNameWithoutExtension);
        var actual = GetType().Assembly.GetTypes()
            .Where(type => !type.IsAbstract
                && type.GetCustomAttributes<CategoryAttribute>().Any(category => category.Name == Process))
            .Select(type => type.Name);
        Assert.That(actual, Is.EquivalentTo(expected));
    }
}
