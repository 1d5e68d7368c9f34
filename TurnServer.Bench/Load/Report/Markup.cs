using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace TurnServer.Bench.Load.Report;

/// <summary>Builds the page as a tree of elements, so that everything is escaped and closed.</summary>
internal static class Markup
{
    private const string VoidElements = " meta link br hr img input col wbr ";

    /// <summary>An element with its classes after dots: <c>p.note</c>.</summary>
    public static XElement Element(string nameAndClasses, params object?[] content)
    {
        var parts = nameAndClasses.Split('.');
        var element = new XElement(parts[0], content);
        if (parts.Length > 1)
            element.SetAttributeValue("class", string.Join(' ', parts[1..]));
        return element;
    }

    public static XAttribute Attribute(string name, string value) => new(name, value);

    /// <summary>A coordinate, to a tenth of a unit.</summary>
    public static XAttribute Attribute(string name, double value) => new(name, Coordinate(value));

    public static string Coordinate(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>The page as text that is both HTML and well-formed XML.</summary>
    public static string Write(XElement html)
    {
        foreach (var text in html.DescendantNodes().OfType<XText>())
            text.Value = WithoutForbidden(text.Value);
        foreach (var attribute in html.DescendantsAndSelf().Attributes())
            attribute.Value = WithoutForbidden(attribute.Value);
        // To an HTML parser <p/> is an open paragraph; only void and SVG elements close themselves.
        foreach (var element in html.Descendants().Where(element => element.IsEmpty && !ClosesItself(element)))
            element.Value = "";
        return "<!DOCTYPE html>\n" + html.ToString(SaveOptions.DisableFormatting) + "\n";
    }

    private static bool ClosesItself(XElement element) =>
        VoidElements.Contains($" {element.Name.LocalName} ", StringComparison.Ordinal)
        || element.AncestorsAndSelf("svg").Any();

    // XML cannot contain most control characters and lone surrogates, and a violation may quote anything.
    private static string WithoutForbidden(string text)
    {
        var isClean = true;
        var chars = text.ToCharArray();
        for (var i = 0; i < chars.Length; i++)
        {
            if (XmlConvert.IsXmlChar(chars[i]))
                continue;
            if (i + 1 < chars.Length && XmlConvert.IsXmlSurrogatePair(chars[i + 1], chars[i]))
            {
                i++;
                continue;
            }

            chars[i] = '\uFFFD';
            isClean = false;
        }

        return isClean ? text : new string(chars);
    }
}
