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
        foreach (var range in query.TrimStart('?').Split('&'))
        {
            var parameter = query.TrimStart('?')[range];
            if (!parameter.StartsWith(PoolKey, StringComparison.Ordinal))
                continue;
            var name = Uri.UnescapeDataString(parameter[PoolKey.Length..]);
            if (pool is not null || !RequestParser.IsPool(Encoding.UTF8.GetBytes(name)))
            {
                pool = null;
                return false;
            }

            pool = name;
        }

        return true;
    }
}
