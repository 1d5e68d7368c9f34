using System.Text;

namespace TurnServer.Protocol;

/// <summary>The names of symbols and replies in PROTOCOL.md, for metrics and the status page.</summary>
public static class WireNames
{
    /// <summary>Such as GAME_UPDATE.</summary>
    public static string Of(Symbol symbol) => Of(symbol.ToString());

    /// <summary>Such as GAME_NO_DATA.</summary>
    public static string Of(ReplyCode code) => Of(code.ToString());

    /// <summary>Such as NO_GAME.</summary>
    public static string Of(ErrorCode error) => Of(error.ToString());

    // GameNoData is GAME_NO_DATA on the page, and Length is LEN.
    private static string Of(string identifier)
    {
        var name = new StringBuilder();
        foreach (var letter in identifier.Replace("Length", "Len", StringComparison.Ordinal))
        {
            if (char.IsUpper(letter) && name.Length > 0)
                name.Append('_');
            name.Append(char.ToUpperInvariant(letter));
        }

        return name.ToString();
    }
}
