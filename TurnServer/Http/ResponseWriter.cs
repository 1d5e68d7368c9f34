using System.Net;
using Microsoft.Extensions.Logging;

namespace TurnServer.Http;

/// <summary>Writes responses within a time limit, and gives up requests that cannot be answered.</summary>
internal static class ResponseWriter
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Sends head and body in one write, without blocking a thread on a client that does not read. An empty body needs
    /// this too: closing the response would write the head synchronously.
    /// </summary>
    /// <returns>False when the client did not get it; that is logged, and the response aborted.</returns>
    public static async ValueTask<bool> TryWriteAsync(HttpListenerContext context, byte[] body, ILogger log)
    {
        if (await WriteAsync(context, body) is not { } reason)
            return true;
        Log.ClientGone(log, reason);
        context.Response.Abort();
        return false;
    }

    /// <summary>Answers with an empty response, if none has begun, and closes the connection.</summary>
    public static async ValueTask AbandonAsync(HttpListenerContext context, int status, ILogger log)
    {
        try
        {
            var response = context.Response;
            // Without these the listener would send an empty 200.
            response.StatusCode = status;
            response.Headers["Server"] = "TurnServer";
            response.Headers["Cache-Control"] = "no-store";
            response.ContentLength64 = 0;
            response.KeepAlive = false;
            if (await WriteAsync(context, []) is null)
                response.Close();
            else
                response.Abort();
        }
        catch (Exception e)
        {
            // The response had begun, or was closed already: nothing more can be said to this client.
            LogFailure(log, e);
            if (ListenerInternals.Available)
                ListenerInternals.SocketOf(ListenerInternals.ConnectionOf(context))?.Dispose();
        }
    }

    /// <summary>Logs why a request was given up.</summary>
    public static void LogFailure(ILogger log, Exception e)
    {
        if (ClientDisconnect.Caused(e))
            Log.ClientGone(log, e.Message);
        else
            Log.RequestFailed(log, e);
    }

    // Returns null, or why the client did not get it; then the response must be aborted.
    private static async ValueTask<string?> WriteAsync(HttpListenerContext context, byte[] body)
    {
        try
        {
            await context.Response.OutputStream.WriteAsync(body, 0, body.Length).WaitAsync(WriteTimeout);
            return HasLostWrite(context) ? "connection reset" : null;
        }
        catch (TimeoutException)
        {
            return "write timed out";
        }
    }

    private static bool HasLostWrite(HttpListenerContext context) => ListenerInternals.Available
        && ListenerInternals.ConnectionStreamOf(ListenerInternals.ConnectionOf(context)) is { HasLostWrite: true };
}
