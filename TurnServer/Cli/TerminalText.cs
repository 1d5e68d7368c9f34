using System.Globalization;
using System.Text;

namespace TurnServer.Cli;

/// <summary>Makes untrusted text safe for a terminal.</summary>
internal static class TerminalText
{
    /// <summary>Whether a character is visible, and neither moves the cursor nor changes the text direction.</summary>
    public static bool IsShown(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    /// <summary>The text on one line, cut to a width, with a dot for each character that is not visible.</summary>
    public static string OnOneLine(string text, int widthMax = int.MaxValue)
    {
        var line = new StringBuilder();
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (++width > widthMax)
                return line.Append('…').ToString();
            line.Append(IsShown(rune) ? rune.ToString() : "·");
        }

        return line.ToString();
    }
}
