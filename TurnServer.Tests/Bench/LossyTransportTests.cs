using TurnServer.Bench.Client;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

[Category("Process")]
internal sealed class LossyTransportTests
{
    [TestCase(Transports.Http)]
    [TestCase(Transports.WebSocket)]
    public async Task TryAsync_WithLoss_DropsRepliesOfRequestsThatTookEffect(string scheme)
    {
        await using var server = await ServerChild.StartAsync("--max-players", "20");
        using var http = TurnClient.CreateHttp();
        var lossless = TurnClient.CreateTransport(http, server.Url.Over(scheme), new TurnClientOptions());
        var lossy = new LossyTransport(lossless, share: 0.5, seed: 1);
        var dropped = 0;
        for (var i = 0; i < 20; i++)
            dropped += await RegisterAsync(lossy, $"name{i}") is { Loss: LossyTransport.Reason } ? 1 : 0;
        Assert.That(dropped, Is.InRange(1, 19));
        // All twenty are registered, which is the limit.
        var full = await RegisterAsync(lossless, "one more");
        Assert.That(full.Reply?.Error, Is.EqualTo(ErrorCode.PairingKeysMaxed));
    }

    private static Task<RequestAttempt> RegisterAsync(IRequestTransport transport, string name) =>
        transport.TryAsync(new OutgoingRequest(ClientPair.Bytes($"0,{name},*,*,*")), CancellationToken.None);
}
