using System.Net;

namespace TurnServer.Bench.Compare;

/// <summary>The cost of HttpListener itself: a server that reads the body and answers six bytes.</summary>
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
            Begin(await listener.GetContextAsync());
    }

    // Not awaited, so that requests are served concurrently.
    private static async void Begin(HttpListenerContext context)
    {
        var length = (int)context.Request.ContentLength64;
        var body = new byte[length];
        var stream = context.Request.InputStream;
        for (var read = 0; read < length;)
        {
            var count = await stream.ReadAsync(body.AsMemory(read));
            if (count == 0)
                break;
            read += count;
        }

        context.Response.StatusCode = 200;
        context.Response.ContentLength64 = Reply.Length;
        context.Response.Close(Reply, willBlock: true);
    }
}
