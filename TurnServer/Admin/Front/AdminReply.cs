using System.Collections.Specialized;
using System.Text;

namespace TurnServer.Admin.Front;

/// <summary>Makes one page of the operator's side.</summary>
internal delegate ValueTask<AdminReply> AdminEndpoint(AdminRequest request);

/// <summary>What a page may go by.</summary>
/// <param name="Query">The URL's query; what a page does not know it passes over.</param>
/// <param name="Accept">Which content types are wanted, as the header says; null: any.</param>
internal sealed record AdminRequest(NameValueCollection Query, string? Accept);

/// <summary>A page of the operator's side, as it is sent.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">With its character set.</param>
/// <param name="Body">Its bytes; not to be written to any more.</param>
internal sealed record AdminReply(int Status, string ContentType, byte[] Body)
{
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>What the page may load and run: nothing, unless it says so.</summary>
    public string ContentSecurityPolicy { get; init; } = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>One line of text.</summary>
    public static AdminReply Line(int status, string text) =>
        new(status, PlainText, Encoding.UTF8.GetBytes(text + "\n"));
}
