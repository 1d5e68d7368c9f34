using System.Text.RegularExpressions;

namespace TurnServer.Client;

/// <summary>Reads the URL of a turn server, as people give it.</summary>
public static partial class ServerUrl
{
    private const string Example = "http://localhost:8080/";

    private const string HasUserInfo = "the URL has a user name or a password, which a turn server does not ask for: "
        + "leave them out";

    /// <summary>Reads it; null when it is none.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="whatIsWrong">
    /// A sentence that does not repeat a user name or password; null when all is well.
    /// </param>
    public static Uri? Read(string? text, out string? whatIsWrong)
    {
        whatIsWrong = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            whatIsWrong = $"the URL of the server is missing: such as {Example}";
            return null;
        }

        var isUrl = Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";
        if (isUrl)
        {
            whatIsWrong = FindFault(url!);
            return whatIsWrong is null ? url : null;
        }

        // What cannot be read may be a password with a character that has to be escaped, or a URL without its scheme.
        var likely = text.Contains("://", StringComparison.Ordinal) ? null : $"http://{text}";
        var example = Uri.TryCreate(likely, UriKind.Absolute, out var other) ? other.ToString() : Example;
        whatIsWrong = text.Contains('@')
            ? HasUserInfo
            : $"{text}: give a URL with http:// or https://, such as {example}";
        return null;
    }

    /// <summary>What is wrong with this as the URL of a turn server; null: nothing.</summary>
    public static string? FindFault(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https"))
            return $"the URL has to begin with http:// or https://, such as {Example}";
        return url.UserInfo.Length > 0 ? HasUserInfo : null;
    }

    /// <summary>A message without what stands before an @, which may be a user name and a password.</summary>
    public static string HideUserInfo(string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        const string SchemeEnd = "://";
        var (scheme, at) = (message.IndexOf(SchemeEnd, StringComparison.Ordinal), message.LastIndexOf('@'));
        // A password may have blanks and quotes in it: behind a scheme all goes, up to the last @.
        return scheme >= 0 && scheme < at
            ? $"{message[..(scheme + SchemeEnd.Length)]}***{message[at..]}"
            : UserInfo().Replace(message, "***@");
    }

    [GeneratedRegex(@"[^\s'""=]+@", RegexOptions.NonBacktracking)]
    private static partial Regex UserInfo();
}
