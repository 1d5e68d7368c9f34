using System.Net;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>A web site of another origin than the turn server, with a page that loads the web client.</summary>
internal sealed class PageServer : IDisposable
{
    private const string Page = """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>game</title>
        <script type="module">
            import * as client from "./turn-client.js";
            Object.assign(window, client);
        </script>
        """;

    private readonly HttpListener _listener = new();

    public PageServer()
    {
        Url = new Uri($"http://localhost:{Ports.Next()}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        Completion = ServeAsync();
    }

    /// <summary>The page's address.</summary>
    public Uri Url { get; }

    /// <summary>The origin, for <c>--cors-origin</c>.</summary>
    public string Origin => Url.GetLeftPart(UriPartial.Authority);

    /// <summary>Completes when it has stopped.</summary>
    public Task Completion { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var path = context.Request.Url!.AbsolutePath;
                var isScript = path.EndsWith(".js", StringComparison.Ordinal);
                context.Response.ContentType = isScript ? "text/javascript" : "text/html";
                var text = isScript ? Repository.Read($"TurnServer/Client/web{path}") : Page;
                context.Response.Close(Encoding.UTF8.GetBytes(text), willBlock: false);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The browser closed the connection, or the test is over.
            }
        }
    }
}
