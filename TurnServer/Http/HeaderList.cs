namespace TurnServer.Http;

/// <summary>Reads a header that is a list (RFC 9110, 5.6.1).</summary>
internal static class HeaderList
{
    /// <summary>Whether an element equals this text.</summary>
    /// <param name="list">The header's value; empty when there is none.</param>
    /// <param name="element">The element.</param>
    /// <param name="comparison">How to compare.</param>
    public static bool Has(ReadOnlySpan<char> list, ReadOnlySpan<char> element,
        StringComparison comparison = StringComparison.OrdinalIgnoreCase)
    {
        foreach (var range in list.Split(','))
        {
            if (list[range].Trim().Equals(element, comparison))
                return true;
        }

        return false;
    }
}
