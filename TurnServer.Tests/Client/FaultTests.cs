using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>Turns arrive exactly once and in order on a network with faults.</summary>
[TestFixture(Transports.Http), TestFixture(Transports.WebSocket), Parallelizable(ParallelScope.All)]
internal sealed class FaultTests(string scheme) : ServerFixture("--game-timeout", "120", "--pairing-timeout", "120",
    "--load-timeout", "120")
{
    private static readonly NetworkFault[] All =
    [
        NetworkFault.DropRequest, NetworkFault.DropReply, NetworkFault.DelayRequest, NetworkFault.DelayReply,
        NetworkFault.SendTwice, NetworkFault.SendAgainLater, NetworkFault.CutReply,
    ];

    [TestCaseSource(nameof(All))]
    public Task Turns_survive_each_fault(NetworkFault fault) => PlayAsync(Random.Shared.Next(), 80, 0.2, fault);

    [TestCase(1)]
    [TestCase(2, Category = "Slow")]
    [TestCase(3, Category = "Slow")]
    public Task Turns_survive_all_faults(int seed) => PlayAsync(seed, 120, 0.06, All);

    [Test]
    [Category("Slow")]
    public async Task Turns_survive_all_faults_for_long()
    {
        for (var round = 0; round < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
                PlayAsync(Random.Shared.Next(), 300, 0.02 + (0.02 * round), All)));
        }
    }

    // Both players post and send concurrently, and both always have a pending receive.
    private async Task PlayAsync(int seed, int turns, double probability, params NetworkFault[] faults)
    {
        await using var proxy = new FaultyProxy(Server.Port, new RandomFaults(seed, probability, faults).Plan);
        var options = new TurnClientOptions
        {
            Wait = TimeSpan.FromSeconds(1),
            ReplyTimeout = TimeSpan.FromMilliseconds(200),
            FirstPause = TimeSpan.FromMilliseconds(5),
            LongestPause = TimeSpan.FromMilliseconds(100),
            Patience = TimeSpan.FromSeconds(60),
        };
        var what = $"seed {seed}, {probability} of {string.Join(", ", faults)}";
        TestContext.Out.WriteLine(what);
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), options);
        var sends = pair.Games.Select((game, i) => SendAllAsync(game, turns, new Random(seed + i)));
        var reads = pair.Games.Select(game => ClientPair.ReadAsync(game, turns)).ToList();
        await Task.WhenAll(sends);
        var expected = Enumerable.Range(0, turns).Select(i => $"{i}").ToList();
        foreach (var read in await Task.WhenAll(reads))
            Assert.That(read, Is.EqualTo(expected), what);
        Assert.That(await pair.A.QuitAsync(), Is.Null, what);
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.Empty, what);
        Assert.That(pair.B.Ended!.HasPartnerQuit, Is.True, what);
    }

    private static async Task SendAllAsync(TurnGame game, int turns, Random random)
    {
        for (var i = 0; i < turns; i++)
        {
            var turn = ClientPair.Bytes($"{i}");
            Assert.That(random.Next(3) == 0 ? await game.PostAsync(turn) : await game.SendAsync(turn), Is.Null);
            // Sometimes long enough for the server to hold a reply.
            if (random.Next(10) == 0)
                await Task.Delay(random.Next(20));
        }
    }
}
