using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Actor;
using TurnServer.Bench.Client;
using TurnServer.Http;
using TurnServer.Metrics;
using TurnServer.Rules;

namespace TurnServer.Bench.EndToEnd;

/// <summary>
/// Requests over keep-alive loopback connections to a server in this process. Allocations are those of the server and
/// its listener: the client allocates only when it connects.
/// </summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private const int StartsMax = 5;

    private readonly List<DrivenSeat> _seats = [];
    private TurnActor _actor = null!;
    private Task _loop = null!;
    private HttpFront _front = null!;
    private Play[] _updates = null!;
    private HeldTurnPlay _heldTurns = null!;

    [GlobalSetup]
    public async Task StartAsync()
    {
        var options = Inputs.Options with { GameTimeout = Inputs.Options.PairingTimeout };
        _actor = new TurnActor(new Table(options, new SeededKeySource()), TimeProvider.System, NullLogger.Instance);
        _loop = Task.Run(_actor.RunAsync);
        var port = await ListenAsync();
        // Ends with the process, as in the server.
        var accepting = _front.RunAsync();
        foreach (var seat in new GameSetup(port).Start(2))
            _seats.Add(new DrivenSeat(port, seat));
        _updates = [new UpdatePlay(_seats[0]), new UpdatePlay(_seats[1])];
        _heldTurns = new HeldTurnPlay(_seats[2], _seats[3]);
        _heldTurns.Begin();
        if (accepting.IsCompleted)
            await accepting;
    }

    [GlobalCleanup]
    public async Task StopAsync()
    {
        _front.StopAccepting();
        _seats.ForEach(seat => seat.Dispose());
        await _actor.DrainAsync();
        await _front.DrainAsync();
        _actor.Stop();
        await _loop;
        _front.Dispose();
        _actor.Dispose();
    }

    // Both seats alternate, as unread turns would pile up.
    [Benchmark(OperationsPerInvoke = 2)]
    public void Update()
    {
        _updates[0].PlayTurn();
        _updates[1].PlayTurn();
    }

    [Benchmark]
    public void HeldTurn() => _heldTurns.PlayTurn();

    // Another process may take a free port first; then tries another one.
    private async Task<int> ListenAsync()
    {
        for (var start = 1; ; start++)
        {
            var port = FreePort();
            try
            {
                var options = new HttpOptions { Port = port, Host = IPAddress.Loopback };
                var gateway = new TurnGateway(_actor, options.WaitSecondsMax, NullLogger.Instance);
                _front = await HttpFront.StartAsync(options, gateway, _actor,
                    new RequestMetrics(new MetricsRegistry()), NullLogger.Instance);
                return port;
            }
            catch (CannotListenException) when (start < StartsMax)
            {
                // Taken meanwhile.
            }
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
