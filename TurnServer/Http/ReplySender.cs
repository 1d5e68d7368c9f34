using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Sends answers: their status and headers (PROTOCOL.md, "Reply"), within a time.</summary>
/// <param name="corsOrigin">The origin whose pages may read them; <c>*</c> means any.</param>
/// <param name="meters">What counts those that fail.</param>
/// <param name="log">Where those are told.</param>
/// <param name="draining">Set when the server stops: from then on every reply closes its connection.</param>
internal sealed class ReplySender(string corsOrigin, HttpMeters meters, ILogger log, CancellationToken draining)
{
    /// <summary>The methods that there are.</summary>
    public const string Methods = "GET, HEAD, POST, OPTIONS";

    private const string Text = "text/plain; charset=utf-8";
    private const int NoContentStatus = 204;
    private const int RequestTimeoutStatus = 408;

    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Sends a reply to a player's request.</summary>
    public ValueTask SendAsync(HttpListenerContext context, in WireReply reply)
    {
        var response = context.Response;
        if (reply.Error is ErrorCode.RateLimited or ErrorCode.ServerBusy)
            response.Headers["Retry-After"] = "1";
        if (reply.AppliedWaitSeconds > 0)
        {
            response.Headers["Preference-Applied"] =
                string.Create(CultureInfo.InvariantCulture, $"wait={reply.AppliedWaitSeconds}");
        }

        return SendAsync(context, HttpStatus.Of(reply.Error), reply.Body);
    }

    /// <summary>Sends a reply to a player's request.</summary>
    public ValueTask SendAsync(HttpListenerContext context, int status, byte[] body)
    {
        var request = context.Request;
        var response = context.Response;
        response.StatusCode = status;
        response.Headers["Server"] = "TurnServer";
        if (request.Headers["Origin"] is not null)
            AllowOrigin(response);
        if (draining.IsCancellationRequested || (request.HttpMethod != "POST" && request.HasEntityBody))
            response.KeepAlive = false;
        if (status != NoContentStatus)
        {
            response.ContentType = Text;
            response.Headers["X-Content-Type-Options"] = "nosniff";
            response.ContentLength64 = body.Length;
        }

        return WriteAsync(context, request.HttpMethod == "HEAD" ? [] : body, isFault: true);
    }

    // One send for head and body. It is at once done unless the client sends requests and reads no replies, until its
    // send buffer is full; a synchronous write would then hold a thread. Without a body, too: closing writes the head
    // in step.
    private async ValueTask WriteAsync(HttpListenerContext context, byte[] body, bool isFault)
    {
        var response = context.Response;
        string? lost = null;
        try
        {
            await response.OutputStream.WriteAsync(body, 0, body.Length).WaitAsync(WriteTimeout);
            if (ListenerInternals.Available && ListenerInternals.HasLostWrite(ListenerInternals.ConnectionOf(context)))
                lost = "its connection is broken";
        }
        catch (TimeoutException)
        {
            lost = "it did not read its reply";
        }

        if (lost is null)
        {
            response.Close();
            return;
        }

        if (isFault)
        {
            meters.ClientFailed();
            Log.ClientGone(log, lost);
        }

        response.Abort();
    }

    private void AllowOrigin(HttpListenerResponse response)
    {
        response.Headers["Access-Control-Allow-Origin"] = corsOrigin;
        response.Headers["Access-Control-Allow-Methods"] = Methods;
        response.Headers["Access-Control-Allow-Headers"] = "Content-Type, Prefer, Turn-Received";
        response.Headers["Access-Control-Expose-Headers"] = "Preference-Applied, Retry-After";
        response.Headers["Access-Control-Max-Age"] = "86400";
        if (corsOrigin != "*")
            response.Headers["Vary"] = "Origin";
    }

    /// <summary>Gives a request up and closes its connection.</summary>
    public async ValueTask AbandonAsync(HttpListenerContext context)
    {
        try
        {
            // Closing without having set these would send an empty 200 first.
            context.Response.StatusCode = RequestTimeoutStatus;
            context.Response.ContentLength64 = 0;
            context.Response.KeepAlive = false;
            // Counted and told already.
            await WriteAsync(context, [], isFault: false);
        }
        catch (Exception e)
        {
            // It was closed already, or had begun to be answered. Nothing more can be said to this client.
            LogFailure(e);
            if (ListenerInternals.Available)
                ListenerInternals.SocketOf(ListenerInternals.ConnectionOf(context))?.Dispose();
        }
    }

    /// <summary>Logs why a request was given up.</summary>
    public void LogFailure(Exception e)
    {
        if (ClientFault.Is(e))
            Log.ClientGone(log, e.Message);
        else
            Log.RequestFailed(log, e);
    }
}
