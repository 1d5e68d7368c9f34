using System.Collections;
using System.Net;
using System.Reflection;
using TurnServer.Actor;
using TurnServer.Http;
using TurnServer.Http.WebSockets;
using TurnServer.Metrics;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>The HTTP front in this process, on a gateway that the test controls.</summary>
internal sealed class FrontFixture : IAsyncDisposable
{
    private readonly HttpFront _front;

    private FrontFixture(HttpFront front, int port, HeldGateway gateway, RecordingLog log)
    {
        (_front, Port, Gateway, Log) = (front, port, gateway, log);
        Running = front.RunAsync();
    }

    public int Port { get; }

    public HeldGateway Gateway { get; }

    public RecordingLog Log { get; }

    /// <summary>Completes, with an exception, only when the front fails.</summary>
    public Task Running { get; }

    public HttpStatistics Statistics => _front.GetStatistics();

    /// <summary>Starts a front.</summary>
    /// <param name="options">Its settings but for the address.</param>
    /// <param name="answering">The gateway that answers; null: <see cref="Gateway"/>.</param>
    public static async Task<FrontFixture> StartAsync(HttpOptions options, IPlayerGateway? answering = null)
    {
        var (port, gateway, log) = (Ports.Next(), new HeldGateway(), new RecordingLog());
        var front = await HttpFront.StartAsync(options with { Port = port, Host = IPAddress.Loopback },
            answering ?? gateway, new NoTable(), new RequestMetrics(new MetricsRegistry()), log);
        return new FrontFixture(front, port, gateway, log);
    }

    /// <summary>How many WebSockets have ended like this.</summary>
    public long Ended(SocketEnd end) => Statistics.WebSockets.EndsByCause[(int)end];

    /// <summary>Waits until a WebSocket has ended like this.</summary>
    public Task UntilEndedAsync(SocketEnd end, long count = 1) => TestWait.UntilAsync(() => Ended(end) >= count,
        $"{count} have ended: {end}");

    /// <summary>
    /// Waits until nothing is left of any connection: in the front's statistics, and in the listener's own tables.
    /// </summary>
    public Task UntilEmptyAsync() => TestWait.UntilAsync(
        () => (Statistics.Connections, Statistics.UnderWay, Statistics.WebSockets.Open) == (0, 0, 0)
            && TableSize("_listenerContexts") == 0 && TableSize("_connections") == 0
            && ListenerInternals.UnregisteredConnections(ListenerInternals.FindEndPoint(Port)!).Count == 0,
        "nothing is left of any connection");

    public void Stop() => _front.StopAccepting();

    public Task<int> DrainAsync() => _front.DrainAsync();

    public ValueTask DisposeAsync()
    {
        _front.StopAccepting();
        _front.Dispose();
        return ValueTask.CompletedTask;
    }

    private int TableSize(string name)
    {
        var listener = typeof(HttpFront).GetField("_listener", BindingFlags.NonPublic | BindingFlags.Instance)!
            .GetValue(_front)!;
        var table = (ICollection)typeof(HttpListener).GetField(name, BindingFlags.NonPublic | BindingFlags.Instance)!
            .GetValue(listener)!;
        return table.Count;
    }

    private sealed class NoTable : ITableQueries
    {
        public Task<ActorStatistics> GetStatisticsAsync() => throw new ActorBusyException();

        public Task<T> QueryAsync<T>(Func<Table, T> read) => throw new ActorBusyException();
    }
}
