using TurnServer.Client;

namespace TurnServer.Tests.Client;

internal sealed class PlayerNameTests
{
    [TestCase("Ann", "Ann")]
    [TestCase("  Ann\u00a0", "Ann")]
    [TestCase("Jose\u0301", "Jos\u00e9")]
    [TestCase("Jos\u00e9", "Jos\u00e9")]
    [TestCase("\u1112\u1161\u11ab", "\ud55c")]
    [TestCase("a\u0307\u0323", "\u1ea1\u0307")]
    [TestCase("\u212b", "\u00c5")]
    [TestCase("\uff21", "\uff21", Description = "a compatibility character stays")]
    [TestCase("\ud83d\ude00", "\ud83d\ude00")]
    [TestCase("a\ud800b", "a\ud800b", Description = "a lone surrogate stays")]
    [TestCase("\ufeff Ann\u3000", "Ann")]
    [TestCase("\u0085Ann", "\u0085Ann", Description = "the server refuses control characters")]
    [TestCase(" ", "")]
    public void Normalize_OfAName_IsFormCWithoutSpaceAround(string name, string expected) =>
        Assert.That(PlayerName.Normalize(name), Is.EqualTo(expected));
}
