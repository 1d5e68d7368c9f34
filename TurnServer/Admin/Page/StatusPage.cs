using TurnServer.Admin.Front;

namespace TurnServer.Admin.Page;

/// <summary>The page for people: files beside this one, embedded as they stand. It reads <c>/status.json</c>.</summary>
internal static class StatusPage
{
    // Nothing from elsewhere, nothing inline; a name that got into the page as markup could still do nothing.
    private const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
        + "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Its files, by path.</summary>
    public static IEnumerable<KeyValuePair<string, AdminEndpoint>> Files()
    {
        yield return File("/", "status.html", "text/html");
        yield return File("/status", "status.html", "text/html");
        yield return File("/status.css", "status.css", "text/css");
        yield return File("/status.svg", "status.svg", "image/svg+xml");
        foreach (var script in new[] { "status.js", "status-chart.js", "status-format.js", "status-tables.js" })
            yield return File($"/{script}", script, "text/javascript");
    }

    private static KeyValuePair<string, AdminEndpoint> File(string path, string name, string contentType)
    {
        var reply = new AdminReply(200, $"{contentType}; charset=utf-8", Read(name))
        {
            ContentSecurityPolicy = ContentSecurityPolicy,
        };
        return new KeyValuePair<string, AdminEndpoint>(path, Answer);

        ValueTask<AdminReply> Answer(AdminRequest request) => ValueTask.FromResult(reply);
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(StatusPage).Assembly.GetManifestResourceStream($"TurnServer.Admin.Page.{name}")
            ?? throw new InvalidOperationException($"{name} is not in the binary.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
