namespace TurnServer.Tests.Support;

/// <summary>A reply as received.</summary>
/// <param name="Protocol">HTTP/1.1 or HTTP/1.0.</param>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Headers">By name, case-insensitive.</param>
/// <param name="Body">Content-Length bytes, decoded as UTF-8.</param>
internal sealed record RawReply(string Protocol, int Status, ILookup<string, string> Headers, string Body)
{
    /// <summary>A header's value, several joined by commas; null without the header.</summary>
    public string? this[string name] => Headers[name].Any() ? string.Join(", ", Headers[name]) : null;

    /// <summary>Whether the reply has <c>Connection: close</c>.</summary>
    public bool Closes => "close".Equals(this["Connection"], StringComparison.OrdinalIgnoreCase);

    /// <summary>The body after these status and reply numbers; fails the test if it begins otherwise.</summary>
    public string DataAfter(string start)
    {
        Assert.That(Body, Does.StartWith(start));
        return Body[start.Length..];
    }
}
