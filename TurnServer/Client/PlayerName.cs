using System.Text;
using ADRaffy.ENSNormalize;

namespace TurnServer.Client;

/// <summary>
/// Names as the server is to get them. It compares them byte for byte, but there are several ways to write one that
/// looks the same.
/// </summary>
public static class PlayerName
{
    /// <summary>
    /// The name without white space around it and in Unicode's normalization form C: José typed on a Mac is José typed
    /// elsewhere.
    /// </summary>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var trimmed = name.Trim();
        // string.Normalize does nothing in a program that has no ICU (InvariantGlobalization).
        return Ascii.IsValid(trimmed) ? trimmed : ENSNormalize.NF.NFC(trimmed);
    }
}
