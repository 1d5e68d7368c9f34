using System.Text;
using TurnServer.Admin.Front;

namespace TurnServer.Admin.Page;

/// <summary>
/// The status page for a browser: the embedded files of this folder. It reads <c>/status.json</c>.
/// </summary>
internal static class StatusPage
{
    // Nothing from other hosts and nothing inline: a player's name that got into the page as markup could do nothing.
    private const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
        + "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly string[] Scripts =
        ["status.js", "status-chart.js", "status-cluster.js", "status-format.js", "status-tables.js"];

    /// <summary>The style that this page shares with load reports.</summary>
    public static string BaseStyle => Encoding.UTF8.GetString(Read("base.css"));

    /// <summary>The files by path.</summary>
    public static IEnumerable<KeyValuePair<string, AdminEndpoint>> Files()
    {
        var html = Read("status.html");
        yield return File("/", "text/html", html);
        yield return File("/status", "text/html", html);
        yield return File("/status.css", "text/css", [.. Read("base.css"), .. Read("status.css")]);
        yield return File("/status.svg", "image/svg+xml", Read("status.svg"));
        foreach (var script in Scripts)
            yield return File($"/{script}", "text/javascript", Read(script));
    }

    private static KeyValuePair<string, AdminEndpoint> File(string path, string contentType, byte[] body)
    {
        var reply = new AdminReply(200, $"{contentType}; charset=utf-8", body)
        {
            ContentSecurityPolicy = ContentSecurityPolicy,
        };
        return new KeyValuePair<string, AdminEndpoint>(path, _ => ValueTask.FromResult(reply));
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(StatusPage).Assembly.GetManifestResourceStream($"TurnServer.Admin.Page.{name}")
            ?? throw new InvalidOperationException($"The program was built without {name}.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
