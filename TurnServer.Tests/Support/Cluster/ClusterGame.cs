namespace TurnServer.Tests.Support;

/// <summary>Two players who have named each other and begin a game in a cluster.</summary>
internal static class ClusterGame
{
    /// <summary>Registers, pairs and seats them.</summary>
    /// <param name="ask">Asks any server.</param>
    /// <param name="name">Distinguishes these two.</param>
    /// <returns>What each puts into a request between the text and the counter: the key and the seat.</returns>
    public static async Task<(string Ann, string Bob)> StartAsync(Func<string, Task<string>> ask, string name)
    {
        var ann = (await ask($"0,ann{name},*,bob{name},*"))[4..];
        var bob = (await ask($"0,bob{name},*,ann{name},*"))[4..];
        Assert.That(await ask($"2,*,{ann},*,*"), Does.StartWith("0/3/"));
        await ask($"3,*,{ann},*,*");
        await ask($"3,*,{bob},*,*");
        Assert.That(await ask($"4,*,{ann},*,*"), Is.EqualTo("0/7/*"));
        var bobsSeat = await ask($"4,*,{bob},*,*");
        var annsSeat = await ask($"4,*,{ann},*,*");
        Assert.That(bobsSeat, Does.Match("^0/8/[0-9]+[|]0$"));
        Assert.That(annsSeat, Does.Match("^0/8/[0-9]+[|]1$"));
        return (annsSeat[4..].Replace('|', ','), bobsSeat[4..].Replace('|', ','));
    }
}
