using System.Diagnostics;
using TurnServer.Bench.Processes;
using TurnServer.Bench.Rivals.Seats;

namespace TurnServer.Bench.Rivals;

/// <summary>A server that players could use, and how they use it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">Its name in tables.</param>
/// <param name="Start">Installs it, unless it is there, and says how to start it on a port.</param>
/// <param name="Connect">Connects so many pairs to it.</param>
internal sealed record Rival(string Name, string Title, Func<Workshop, int, Task<ProcessStartInfo>> Start,
    Func<int, int, ConnectedPairs> Connect)
{
    /// <summary>This server's name, by WebSocket.</summary>
    public const string Own = "turnserver";

    /// <summary>This server's name, by HTTP.</summary>
    public const string OwnHttp = "turnserver-http";

    /// <summary>The name of the bare HttpListener.</summary>
    public const string Bare = "bare";

    /// <summary>The name of Colyseus.</summary>
    public const string Colyseus = "colyseus";

    private static readonly byte[] NginxReply = "0/10/*"u8.ToArray();

    /// <summary>Whether it only replies: to HTTP requests, at once.</summary>
    public bool IsEcho { get; init; }

    /// <summary>Whether it is compared with this server by HTTP.</summary>
    public bool IsHttp { get; init; }

    /// <summary>All, this server first.</summary>
    public static IReadOnlyList<Rival> All { get; } =
    [
        new(Own, "this server, WebSocket", StartOwnAsync, ConnectedPairs.OfThisServer),
        new(Bare, "bare HttpListener relay", (workshop, port) => workshop.RelayAsync("rivals-bare", port),
            ConnectedPairs.OfRelay),
        new("kestrel", "bare Kestrel relay", (workshop, port) => workshop.RelayAsync("rivals-kestrel", port),
            ConnectedPairs.OfRelay),
        new(Colyseus, "Colyseus", (workshop, port) => workshop.NodeAsync("colyseus.mjs", port, true),
            ConnectedPairs.OfColyseus),
        new("socket.io", "socket.io", (workshop, port) => workshop.NodeAsync("socketio.mjs", port, true),
            ConnectedPairs.OfSocketIo),
        new(OwnHttp, "this server, HTTP", StartOwnAsync, ConnectedPairs.OfThisServerByHttp) { IsHttp = true },
        new("node", "Node.js, HTTP echo", (workshop, port) => workshop.NodeAsync("echo.mjs", port, false),
            (port, pairs) => ConnectedPairs.OfEcho(port, pairs)) { IsEcho = true, IsHttp = true },
        new("nginx", "nginx, return 200", (workshop, port) => workshop.NginxAsync(port),
            (port, pairs) => ConnectedPairs.OfEcho(port, pairs, NginxReply)) { IsEcho = true, IsHttp = true },
    ];

    /// <summary>Another build of this server, by its executable.</summary>
    public static Rival OfBuild(string program) => new("with", "other build, WebSocket",
        (_, port) => Task.FromResult(Programs.Server(port, Programs.NoLimits, program)), ConnectedPairs.OfThisServer);

    private static Task<ProcessStartInfo> StartOwnAsync(Workshop workshop, int port) =>
        workshop.ServerAsync(port, Programs.NoLimits);
}
