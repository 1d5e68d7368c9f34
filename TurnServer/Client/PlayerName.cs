using System.Text;
using ADRaffy.ENSNormalize;

namespace TurnServer.Client;

/// <summary>
/// Normalizes players' names. The server compares bytes, and Unicode can spell the same name in several ways.
/// </summary>
public static class PlayerName
{
    // What JavaScript's String.prototype.trim removes, so that all clients trim alike.
    private const string Space = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
        + "\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

    /// <summary>
    /// The name without surrounding white space, in Unicode normalization form C.
    /// </summary>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var trimmed = name.AsSpan().Trim(Space).ToString();
        // string.Normalize does nothing without ICU (InvariantGlobalization).
        return Ascii.IsValid(trimmed) ? trimmed : ENSNormalize.NF.NFC(trimmed);
    }
}
