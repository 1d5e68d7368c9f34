using TurnServer.Connect;

namespace TurnServer.Tests.Connect;

/// <summary>The names of the files in which <c>connect</c> saves its tokens.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TokenFileTests
{
    private static readonly Uri Url = new("http://localhost:8080/");

    // As versions before pools named the files: an upgrade must not lose a registration.
    [TestCase("Bob", "662174e4b71a9640")]
    [TestCase(null, "0a03e37bfd96e511")]
    public void Identify_WithoutAPool_NeverChanges(string? partner, string identity) =>
        Assert.That(TokenFile.Identify(Url, "Ann", partner, pool: null), Is.EqualTo(identity));

    [Test]
    public void Identify_DiffersByNamePartnerAndPool()
    {
        (string Name, string? Partner, string? Pool)[] players =
            [("Ann", "Bob", null), ("Ann", "Bob", "p"), ("Ann", "Bob", "P"), ("Ann", null, null), ("Ann", null, "p"),
            ("Ann", null, "Bob"), ("Ann", "p", null), ("Bob", "Ann", "p")];
        Assert.That(players.Select(player => TokenFile.Identify(Url, player.Name, player.Partner, player.Pool)),
            Is.Unique);
    }
}
