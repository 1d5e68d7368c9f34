using System.Net;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Link;
using TurnServer.Protocol;

namespace TurnServer.Bench.Cluster;

/// <summary>
/// A request to another server of the cluster and its reply back, over loopback, both ends in this process. The other
/// server replies at once, so that the link alone is measured.
/// </summary>
[MemoryDiagnoser]
public class LinkBenchmarks
{
    private const int Many = 64;
    private const string Token = "k7Zq2x";

    private static readonly ForwardAnswer Answer = ForwardAnswer.Of(new WireReply(Inputs.Update, ErrorCode.None)
    {
        Code = ReplyCode.GameData,
        Symbol = Symbol.GameUpdate,
        PartnerSilentSeconds = 0,
    });

    private readonly ForwardedRequest _request = new(Inputs.Update, "21", 0, Inputs.From);
    private readonly Task<ForwardAnswer>[] _outstanding = new Task<ForwardAnswer>[Many];
    private LinkServer _server = null!;
    private LinkClient _client = null!;

    [GlobalSetup]
    public async Task StartAsync()
    {
        _server = LinkServer.Start(new IPEndPoint(IPAddress.Loopback, 0), Token, _ => new(Answer), TimeProvider.System,
            NullLogger.Instance);
        _client = await LinkClient.ConnectAsync($"127.0.0.1:{_server.Port}", Token, "bench", TimeProvider.System,
            NullLogger.Instance, CancellationToken.None);
    }

    [GlobalCleanup]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _client.Closed;
        await _server.DisposeAsync();
    }

    [Benchmark]
    public async Task OneOutstanding() => Replied(await _client.AskAsync(_request));

    [Benchmark(OperationsPerInvoke = Many)]
    public async Task SixtyFourOutstanding()
    {
        for (var i = 0; i < Many; i++)
            _outstanding[i] = _client.AskAsync(_request).AsTask();
        foreach (var answer in await Task.WhenAll(_outstanding))
            Replied(answer);
    }

    private static void Replied(in ForwardAnswer answer)
    {
        if (answer.Outcome != ForwardOutcome.Replied)
            throw new InvalidOperationException($"No reply: {answer.Outcome}");
    }
}
