using System.Net;

namespace TurnServer.Bench.Rivals.Servers;

/// <summary>A bare HttpListener with relayed WebSockets: the limit for a server on HttpListener.</summary>
internal static class ListenerRelay
{
    /// <summary>Serves until the process is killed.</summary>
    public static async Task<int> RunAsync(int port)
    {
        var listener = new HttpListener { IgnoreWriteExceptions = true };
        listener.Prefixes.Add($"http://+:{port}/");
        listener.Start();
        var relay = new PairRelay();
        while (true)
            ServeAsync(relay, await listener.GetContextAsync());
    }

    // Not awaited: connections are served concurrently, and an exception ends the process.
    private static async void ServeAsync(PairRelay relay, HttpListenerContext context)
    {
        var accepted = await context.AcceptWebSocketAsync(null);
        await relay.RunAsync(context.Request.RawUrl!, accepted.WebSocket);
    }
}
