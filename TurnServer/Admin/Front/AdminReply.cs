using System.Collections.Specialized;
using System.Text;

namespace TurnServer.Admin.Front;

/// <summary>Answers requests for one path of the admin port.</summary>
internal delegate ValueTask<AdminReply> AdminEndpoint(AdminRequest request);

/// <summary>What an endpoint may depend on.</summary>
/// <param name="Query">The URL's query; unknown parameters are ignored.</param>
/// <param name="Accept">The header's content types; null: any.</param>
internal sealed record AdminRequest(NameValueCollection Query, string? Accept);

/// <summary>A reply on the admin port.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">With its character set.</param>
/// <param name="Body">Its bytes; they may be shared and must not be written to.</param>
internal sealed record AdminReply(int Status, string ContentType, byte[] Body)
{
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>What a browser may load and run for it: by default nothing.</summary>
    public string ContentSecurityPolicy { get; init; } = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>A line of text.</summary>
    public static AdminReply Line(int status, string text) =>
        new(status, PlainText, Encoding.UTF8.GetBytes(text + "\n"));
}
