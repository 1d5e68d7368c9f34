using System.Net;

namespace TurnServer.Bench.Compare;

/// <summary>
/// A baseline of <c>bench compare</c>: a minimal HttpListener server that reads the body and replies with six bytes.
/// </summary>
internal static class BareListener
{
    private static readonly byte[] Reply = "0/10/*"u8.ToArray();

    /// <summary>Serves until the process is killed.</summary>
    public static async Task<int> RunAsync(int port)
    {
        var listener = new HttpListener { IgnoreWriteExceptions = true };
        listener.Prefixes.Add($"http://+:{port}/");
        listener.Start();
        while (true)
            HandleAsync(await listener.GetContextAsync());
    }

    // Not awaited: requests are served concurrently, and an exception ends the process.
    private static async void HandleAsync(HttpListenerContext context)
    {
        var length = (int)context.Request.ContentLength64;
        var body = new byte[length];
        var stream = context.Request.InputStream;
        for (var read = 0; read < length;)
        {
            var count = await stream.ReadAsync(body.AsMemory(read));
            if (count == 0)
                break; // the client closed the connection
            read += count;
        }

        context.Response.StatusCode = 200;
        context.Response.ContentLength64 = Reply.Length;
        context.Response.Close(Reply, willBlock: true);
    }
}
