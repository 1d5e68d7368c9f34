using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>The query of GET /waiting (PROTOCOL.md, "Pools").</summary>
public sealed class WaitingQueryTests
{
    [TestCase("", null)]
    [TestCase("?", null)]
    [TestCase("?other=1&x", null)]
    [TestCase("?pool=chess", "chess")]
    [TestCase("?v=2&pool=chess&x=3", "chess")]
    [TestCase("?pool=a%26b%25", "a&b%")]
    [TestCase("?pool=a+b", "a+b")]
    [TestCase("?pool=%2B", "+")]
    [TestCase("?pool=%25", "%")]
    [TestCase("?POOL=chess", null)]
    public void TryParse_OfAValidQuery_FindsThePool(string query, string? pool)
    {
        Assert.That(WaitingQuery.TryParse(query, out var found));
        Assert.That(found, Is.EqualTo(pool));
    }

    [TestCase("?pool=")]
    [TestCase("?pool=a%20b")]
    [TestCase("?pool=a%23b")]
    [TestCase("?pool=a,b")]
    [TestCase("?pool=a%2Cb")]
    [TestCase("?pool=%C3%A9")]
    [TestCase("?pool=é")]
    [TestCase("?pool=%")]
    [TestCase("?pool=%4")]
    [TestCase("?pool=%zz")]
    [TestCase("?pool=%FF")]
    [TestCase("?pool=%00")]
    [TestCase("?pool=a&pool=b")]
    [TestCase("?pool=123456789012345678901234567890123")]
    public void TryParse_OfAMalformedPool_Refuses(string query) =>
        Assert.That(WaitingQuery.TryParse(query, out _), Is.False);
}
