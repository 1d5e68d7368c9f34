using System.Net;

namespace TurnServer.Bench.Client;

/// <summary>The servers of a cluster, any of which answers any request; the connections to each are shared.</summary>
internal sealed class Servers : IDisposable
{
    private readonly Uri[] _urls;
    private readonly HttpMessageInvoker[] _servers;

    /// <param name="urls">The servers; at least one.</param>
    /// <param name="connect">Creates what sends requests to one of them.</param>
    public Servers(IReadOnlyList<Uri> urls, Func<HttpMessageHandler> connect)
    {
        _urls = [.. urls];
        _servers = [.. urls.Select(_ => new HttpMessageInvoker(connect()))];
    }

    /// <summary>
    /// What one client sends its requests with: to one server, and from the first request that fails there to the next
    /// one. It needs no disposal.
    /// </summary>
    /// <param name="number">The client's number, which spreads the clients over the servers.</param>
    public HttpMessageInvoker ClientOf(int number) =>
        _servers.Length == 1 ? _servers[0] : new HttpMessageInvoker(new Rotation(this, number % _servers.Length));

    public void Dispose()
    {
        foreach (var server in _servers)
            server.Dispose();
    }

    private sealed class Rotation(Servers all, int first) : HttpMessageHandler
    {
        private int _current = first;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancel)
        {
            var current = Volatile.Read(ref _current);
            request.RequestUri = new Uri(all._urls[current], request.RequestUri!.PathAndQuery);
            var hasFailed = true;
            try
            {
                var response = await all._servers[current].SendAsync(request, cancel);
                // It has no connection to the server that would know, or is about to stop.
                hasFailed = response.StatusCode is >= HttpStatusCode.InternalServerError;
                return response;
            }
            finally
            {
                // Of several requests under way that fail together, one moves on.
                if (hasFailed)
                    Interlocked.CompareExchange(ref _current, (current + 1) % all._urls.Length, current);
            }
        }
    }
}
