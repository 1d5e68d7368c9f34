using System.Globalization;
using System.Text;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>Lines that tests exchange with the programs of clients (README.md): fields separated by spaces.</summary>
internal static class ProgramLine
{
    private const string Empty = "-";
    private const byte Delete = 0x7F;

    /// <summary>A line of these fields.</summary>
    public static string Of(params ReadOnlySpan<string> fields)
    {
        var line = new StringBuilder();
        foreach (var field in fields)
            line.Append(line.Length == 0 ? "" : " ").Append(Encode(field));
        return line.ToString();
    }

    /// <summary>The fields of a line.</summary>
    public static string[] Parse(string line) => [.. line.Split(' ').Select(Decode)];

    /// <summary>A text as a field.</summary>
    public static string Encode(string text)
    {
        if (text.Length == 0)
            return Empty;
        if (text == Empty)
            return "%2D";
        var field = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c is <= ' ' or '%' or (char)Delete)
                field.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            else
                field.Append(c);
        }

        return field.ToString();
    }

    /// <summary>Turns as one field, which <see cref="Of"/> must not encode again.</summary>
    public static string List(IEnumerable<string> turns)
    {
        var list = string.Join('|', turns);
        return list.Length == 0 ? Empty : string.Join('|', list.Split('|').Select(Encode));
    }

    private static string Decode(string field) => field == Empty ? "" : Uri.UnescapeDataString(field);
}
