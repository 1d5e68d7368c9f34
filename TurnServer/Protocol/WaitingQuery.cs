using System.Globalization;
using System.Text;

namespace TurnServer.Protocol;

/// <summary>Parses the query of <c>GET /waiting</c> (PROTOCOL.md, "Pools").</summary>
public static class WaitingQuery
{
    private const string PoolKey = "pool=";

    /// <summary>
    /// Finds the parameter <c>pool</c>; others are ignored. A plus sign is one: no pool has a blank in its name.
    /// </summary>
    /// <param name="query">The query, percent-encoded, with or without its question mark.</param>
    /// <param name="pool">The pool; null if the query names none.</param>
    /// <returns>False if it names a malformed pool, or more than one.</returns>
    public static bool TryParse(ReadOnlySpan<char> query, out string? pool)
    {
        pool = null;
        query = query.TrimStart('?');
        foreach (var range in query.Split('&'))
        {
            var parameter = query[range];
            if (!parameter.StartsWith(PoolKey, StringComparison.Ordinal))
                continue;
            if (pool is not null || !TryDecode(parameter[PoolKey.Length..], out pool))
            {
                pool = null;
                return false;
            }
        }

        return true;
    }

    private static bool TryDecode(ReadOnlySpan<char> text, out string? pool)
    {
        pool = null;
        Span<byte> name = stackalloc byte[ProtocolLimits.PoolCharactersMax];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            int letter = text[i];
            if (letter == '%')
            {
                var digits = text[(i + 1)..];
                if (digits.Length < 2 || !byte.TryParse(digits[..2], NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out var value))
                {
                    return false;
                }

                letter = value;
                i += 2;
            }

            if (letter > 0x7F || length == name.Length)
                return false;
            name[length++] = (byte)letter;
        }

        if (!RequestParser.IsPool(name[..length]))
            return false;
        pool = Encoding.ASCII.GetString(name[..length]);
        return true;
    }
}
