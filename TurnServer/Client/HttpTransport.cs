using System.Globalization;
using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>Carries each request as a POST (PROTOCOL.md, "Request" and "Reply").</summary>
internal sealed class HttpTransport(HttpMessageInvoker http, Uri url) : IRequestTransport
{
    // The longest reply is a full block.
    private const int ReplyBytesMax = ProtocolLimits.BacklogBytesMax + 64;

    public async Task<RequestAttempt> TryAsync(OutgoingRequest outgoing, CancellationToken cancel)
    {
        try
        {
            using var request = Compose(outgoing);
            using var response = await FetchAsync(http, request, cancel);
            return Judge(outgoing.Symbol, response, await response.Content.ReadAsByteArrayAsync(cancel));
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            return RequestAttempt.NotTurnServer("its answer is longer than any turn server's");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.InvalidResponse)
        {
            return RequestAttempt.NotTurnServer("its answer is not HTTP");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            // Not final: a server that goes down during the handshake looks the same.
            return RequestAttempt.Lost($"no TLS, as https:// asks for: {RequestAttempt.Reason(e)}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return RequestAttempt.Lost(RequestAttempt.Reason(e));
        }
    }

    /// <summary>Does nothing: the request's connection is closed with it.</summary>
    public void NoteOverdue()
    {
    }

    /// <summary>Does nothing: the connections are those of the HttpMessageInvoker.</summary>
    public void Close()
    {
    }

    /// <summary>
    /// Sends a request and reads the whole response. By default HttpClient buffers a body of any length before its
    /// length can be checked.
    /// </summary>
    public static async Task<HttpResponseMessage> FetchAsync(HttpMessageInvoker http, HttpRequestMessage request,
        CancellationToken cancel)
    {
        var response = http is HttpClient client
            ? await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel)
            : await http.SendAsync(request, cancel);
        try
        {
            await response.Content.LoadIntoBufferAsync(ReplyBytesMax, cancel);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private HttpRequestMessage Compose(OutgoingRequest outgoing)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ReadOnlyMemoryContent(outgoing.Body),
        };
        if (outgoing.Wait > TimeSpan.Zero)
            request.Headers.TryAddWithoutValidation("Prefer", $"wait={(int)outgoing.Wait.TotalSeconds}");
        if (outgoing.ReceivedBytes is { } bytes)
        {
            request.Headers.TryAddWithoutValidation(TurnReceivedHeader.Name,
                bytes.ToString(CultureInfo.InvariantCulture));
        }

        return request;
    }

    private static RequestAttempt Judge(Symbol symbol, HttpResponseMessage response, byte[] body)
    {
        var wasHeld = response.Headers.NonValidated.Contains("Preference-Applied");
        var status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
        if (!ServerReply.TryParse(body, wasHeld, out var reply))
        {
            if (RequestAttempt.IsTransient(response.StatusCode))
                return RequestAttempt.Lost($"the answer was {status}");
            // From a proxy whose limit is lower than the server's.
            if (response.StatusCode == HttpStatusCode.RequestEntityTooLarge)
            {
                return RequestAttempt.Answered(new ServerReply { Error = ErrorCode.OverContentLength }, symbol,
                    default);
            }

            return RequestAttempt.NotTurnServer(response.Headers.Location is { } location
                ? $"it redirects to {location}"
                : $"it answers {status}, but not like a turn server");
        }

        reply = reply.With(Number(response, ReplyHeaders.TurnCounter), Number(response, ReplyHeaders.TurnsTaken),
            Number(response, ReplyHeaders.TurnsAcknowledged), Number(response, ReplyHeaders.PartnerSilent));
        return RequestAttempt.Answered(reply, symbol, response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero);
    }

    // Null if there is no such header, or something on the way has made it unreadable.
    private static long? Number(HttpResponseMessage response, string header) =>
        response.Headers.NonValidated.TryGetValues(header, out var values)
            && long.TryParse(values.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var number)
            ? number
            : null;
}
