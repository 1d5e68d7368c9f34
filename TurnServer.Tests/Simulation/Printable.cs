using System.Globalization;
using System.Text;

namespace TurnServer.Tests.Simulation;

/// <summary>Prints wire bytes, shortened and without control characters.</summary>
internal static class Printable
{
    private const int CharactersMax = 160;

    public static string Of(byte[]? bytes)
    {
        if (bytes is null)
            return "(held)";
        var text = new StringBuilder();
        foreach (var character in Encoding.UTF8.GetString(bytes))
        {
            if (char.IsControl(character))
                text.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}");
            else
                text.Append(character);
        }

        if (text.Length > CharactersMax)
            text.Remove(CharactersMax, text.Length - CharactersMax).Append("… of ").Append(bytes.Length);
        return text.ToString();
    }
}
