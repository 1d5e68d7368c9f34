using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>A table's image as tests look at it.</summary>
internal static class TableSnapshotText
{
    /// <summary>Its parts as they are written.</summary>
    public static List<byte[]> Parts(Table table)
    {
        var parts = new List<byte[]>();
        table.WriteSnapshot(part => parts.Add(part.ToArray()));
        return parts;
    }

    /// <summary>
    /// Its parts as text, the players and the games in an order of their own: the same of two tables that are the same.
    /// </summary>
    public static string Of(Table table) => string.Join('\n', Parts(table)
        .Select(part => Convert.ToHexString(part))
        .OrderBy(part => part[..2] is "02" or "03" ? part : part[..2], StringComparer.Ordinal));

    /// <summary>A table of parts.</summary>
    /// <exception cref="CorruptStateException">They are none's.</exception>
    public static Table Read(IEnumerable<byte[]> parts, RulesOptions options, IKeySource keys)
    {
        var reader = new TableSnapshotReader(options, keys);
        foreach (var part in parts)
            reader.Take(part);
        return reader.Finish();
    }
}
