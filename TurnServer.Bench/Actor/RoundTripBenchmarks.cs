using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Bench.Actor;

/// <summary>An update through the mailbox and its reply back, as for an HTTP request.</summary>
[MemoryDiagnoser]
public class RoundTripBenchmarks
{
    private const int Many = 64;

    private readonly Task<WireReply>[] _outstanding = new Task<WireReply>[Many];
    private PlayingSeat[] _seats = null!;
    private TurnActor _actor = null!;
    private Task _loop = null!;

    [GlobalSetup]
    public void Start()
    {
        var population = new Population(Inputs.Options with { GameTimeout = Inputs.Options.PairingTimeout });
        _seats = population.AddGames(Many / 2);
        _actor = new TurnActor(population.Table, TimeProvider.System, NullLogger.Instance);
        _loop = Task.Run(_actor.RunAsync);
    }

    [GlobalCleanup]
    public async Task StopAsync()
    {
        _actor.Stop();
        await _loop;
        _actor.Dispose();
    }

    // The seats alternate, or the turns would fill a backlog.
    [Benchmark(OperationsPerInvoke = 2)]
    public async Task<WireReply> OneOutstanding()
    {
        Accepted(await AskAsync(ref _seats[0]));
        return Accepted(await AskAsync(ref _seats[1]));
    }

    [Benchmark(OperationsPerInvoke = Many)]
    public async Task SixtyFourOutstanding()
    {
        for (var i = 0; i < Many; i++)
            _outstanding[i] = AskAsync(ref _seats[i]).AsTask();
        foreach (var reply in await Task.WhenAll(_outstanding))
            Accepted(reply);
    }

    private ValueTask<WireReply> AskAsync(ref PlayingSeat seat) =>
        _actor.AskAsync(seat.NextUpdate(), Inputs.Update, Inputs.From, waitSeconds: 0);

    private static WireReply Accepted(WireReply reply) => reply.Error == ErrorCode.None
        ? reply
        : throw new InvalidOperationException($"The update was refused: {reply.Error}");
}
