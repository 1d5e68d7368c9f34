using System.Globalization;
using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>Asks once how many players wait in a pool (PROTOCOL.md, "Pools"). Always over HTTP.</summary>
internal static class WaitingQuery
{
    /// <param name="http">Sends the request.</param>
    /// <param name="url">The server's URL; of a WebSocket too.</param>
    /// <param name="options">Timeout and clock.</param>
    /// <param name="pool">The pool; null: none.</param>
    /// <param name="cancel">Cancels at once.</param>
    public static async Task<TurnResult<WaitingPlayers>> AskAsync(HttpMessageInvoker http, Uri url,
        TurnClientOptions options, string? pool, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(options.ReplyTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        var query = pool is null ? "" : $"?pool={Uri.EscapeDataString(pool)}";
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get,
                new Uri(ServerUrl.ToHttp(url), $"waiting{query}"));
            using var response = await HttpTransport.FetchAsync(http, request, either.Token);
            var line = (await response.Content.ReadAsStringAsync(either.Token)).Split(' ');
            if (response.IsSuccessStatusCode && line.Length == 2
                && int.TryParse(line[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && int.TryParse(line[1], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                return new WaitingPlayers(count, TimeSpan.FromSeconds(seconds));
            }

            return response.StatusCode switch
            {
                HttpStatusCode.TooManyRequests => TurnFault.Of(ErrorCode.RateLimited, null),
                HttpStatusCode.ServiceUnavailable => TurnFault.Of(ErrorCode.ServerBusy, null),
                var status =>
                    RequestAttempt.NotTurnServer($"it answers {(int)status} to GET /waiting").Fault!,
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return RequestAttempt.Lost(RequestAttempt.Reason(e)).Fault!;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return RequestAttempt.Lost($"no answer within {options.ReplyTimeout.TotalSeconds:0.#} s").Fault!;
        }
    }
}
