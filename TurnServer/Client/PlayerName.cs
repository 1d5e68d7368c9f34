using System.Text;
using ADRaffy.ENSNormalize;

namespace TurnServer.Client;

/// <summary>
/// Names as the server is to get them. It compares them byte for byte, but there are several ways to write one that
/// looks the same.
/// </summary>
public static class PlayerName
{
    // What String.prototype.trim of JavaScript takes away, so that a page and a program trim alike.
    private const string Space = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
        + "\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

    /// <summary>
    /// The name without white space around it and in Unicode's normalization form C: José typed on a Mac is José typed
    /// elsewhere.
    /// </summary>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var trimmed = name.AsSpan().Trim(Space).ToString();
        // string.Normalize does nothing in a program that has no ICU (InvariantGlobalization).
        return Ascii.IsValid(trimmed) ? trimmed : ENSNormalize.NF.NFC(trimmed);
    }
}
