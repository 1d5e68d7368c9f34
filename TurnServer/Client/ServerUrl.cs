using System.Text.RegularExpressions;

namespace TurnServer.Client;

/// <summary>Parses and checks the URL of a turn server.</summary>
public static partial class ServerUrl
{
    private const string Example = "http://localhost:8080/";

    private const string Schemes = "http://, https://, ws:// or wss://";

    private const string HasUserInfo = "the URL has a user name or a password, which a turn server does not ask for: "
        + "leave them out";

    /// <summary>Parses it; null if it is not such a URL.</summary>
    /// <param name="text">The URL, as a user gave it.</param>
    /// <param name="whatIsWrong">
    /// What is wrong with it, without a user name or password that it contains; null: nothing.
    /// </param>
    public static Uri? Read(string? text, out string? whatIsWrong)
    {
        whatIsWrong = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            whatIsWrong = $"the URL of the server is missing: such as {Example}";
            return null;
        }

        var isUrl = Uri.TryCreate(text, UriKind.Absolute, out var url) && IsScheme(url.Scheme);
        if (isUrl)
        {
            whatIsWrong = FindFault(url!);
            return whatIsWrong is null ? url : null;
        }

        // It may lack its scheme, or contain a password with a character that has to be escaped.
        var likely = text.Contains("://", StringComparison.Ordinal) ? null : $"http://{text}";
        var example = Uri.TryCreate(likely, UriKind.Absolute, out var other) ? other.ToString() : Example;
        whatIsWrong = text.Contains('@')
            ? HasUserInfo
            : $"{text}: give a URL with {Schemes}, such as {example}";
        return null;
    }

    /// <summary>What is wrong with this as the URL of a turn server; null: nothing.</summary>
    public static string? FindFault(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!url.IsAbsoluteUri || !IsScheme(url.Scheme))
            return $"the URL has to begin with {Schemes}, such as {Example}";
        return url.UserInfo.Length > 0 ? HasUserInfo : null;
    }

    /// <summary>Whether the URL asks for a WebSocket (PROTOCOL.md, "Over a WebSocket").</summary>
    public static bool IsWebSocket(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.Scheme is "ws" or "wss";
    }

    /// <summary>The URL for plain HTTP requests to the same server.</summary>
    public static Uri ToHttp(Uri url) => WithScheme(url, IsSecure(url) ? "https" : "http");

    /// <summary>The URL for a WebSocket to the same server.</summary>
    public static Uri ToWebSocket(Uri url) => WithScheme(url, IsSecure(url) ? "wss" : "ws");

    /// <summary>Replaces what stands before an @ in a message: it may be a user name and a password.</summary>
    public static string HideUserInfo(string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        const string SchemeEnd = "://";
        var (scheme, at) = (message.IndexOf(SchemeEnd, StringComparison.Ordinal), message.LastIndexOf('@'));
        // A password may contain blanks and quotes: hide everything from the scheme to the last @.
        return scheme >= 0 && scheme < at
            ? $"{message[..(scheme + SchemeEnd.Length)]}***{message[at..]}"
            : UserInfo().Replace(message, "***@");
    }

    private static bool IsScheme(string scheme) => scheme is "http" or "https" or "ws" or "wss";

    private static bool IsSecure(Uri url) => url.Scheme is "https" or "wss";

    private static Uri WithScheme(Uri url, string scheme) =>
        url.Scheme == scheme ? url : new UriBuilder(url) { Scheme = scheme }.Uri;

    [GeneratedRegex(@"[^\s'""=]+@", RegexOptions.NonBacktracking)]
    private static partial Regex UserInfo();
}
