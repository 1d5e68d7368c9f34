using System.Net;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>
/// A proxy that lets a test rewrite requests and replies, to simulate a server that breaks one of its promises.
/// </summary>
internal sealed class TamperingProxy : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new();
    private readonly Uri _server;
    private readonly Task _accepting;
    private readonly Lock _lock = new();

    private TamperingProxy(Uri server, int port)
    {
        _server = server;
        Url = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>Maps a request body to what the server gets. Never called concurrently.</summary>
    public Func<string, string> Request { get; init; } = body => body;

    /// <summary>Maps request body and server's reply to what the player gets. Never called concurrently.</summary>
    public Func<string, string, string> Reply { get; init; } = (_, reply) => reply;

    /// <summary>The delay before each request is forwarded.</summary>
    public TimeSpan Delay { get; init; }

    public static TamperingProxy Before(ServerChild server, Func<string, string>? request = null,
        Func<string, string, string>? reply = null, TimeSpan delay = default) =>
        new(server.Url, Ports.Next())
        {
            Request = request ?? (body => body),
            Reply = reply ?? ((_, text) => text),
            Delay = delay,
        };

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _accepting;
        _http.Dispose();
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
                passing.Add(PassAsync(await _listener.GetContextAsync()));
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }

        await Task.WhenAll(passing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task PassAsync(HttpListenerContext context)
    {
        using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
        var body = await reader.ReadToEndAsync();
        await Task.Delay(Delay);
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.HttpMethod), _server);
        if (body.Length > 0)
        {
            string passed;
            lock (_lock)
                passed = Request(body);
            request.Content = new StringContent(passed);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        lock (_lock)
            text = Reply(body, text);
        var bytes = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentLength64 = bytes.Length;
        await context.Response.OutputStream.WriteAsync(bytes);
        context.Response.Close();
    }
}
