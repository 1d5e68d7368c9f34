using System.Net;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>A web site of another origin than the turn server: a page that has the client for web pages.</summary>
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

    /// <summary>The page.</summary>
    public Uri Url { get; }

    /// <summary>Its origin, as <c>--cors-origin</c> has it.</summary>
    public string Origin => Url.GetLeftPart(UriPartial.Authority);

    /// <summary>Done when it serves no longer.</summary>
    public Task Completion { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var isScript = context.Request.Url!.AbsolutePath == "/turn-client.js";
                context.Response.ContentType = isScript ? "text/javascript" : "text/html";
                var text = isScript ? Repository.Read("TurnServer/Client/turn-client.js") : Page;
                context.Response.Close(Encoding.UTF8.GetBytes(text), willBlock: false);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The browser went away, or the test is over.
            }
        }
    }
}
