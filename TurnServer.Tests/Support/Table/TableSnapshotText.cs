using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>A table's snapshot in forms that tests can compare.</summary>
internal static class TableSnapshotText
{
    /// <summary>The parts as written.</summary>
    public static List<byte[]> Parts(Table table)
    {
        var parts = new List<byte[]>();
        table.WriteSnapshot(part => parts.Add(part.ToArray()));
        return parts;
    }

    /// <summary>The parts as text, players and games sorted: equal for equal tables.</summary>
    public static string Of(Table table) => string.Join('\n', Parts(table)
        .Select(part => Convert.ToHexString(part))
        .OrderBy(part => part[..2] is "06" or "07" ? part : part[..2], StringComparer.Ordinal));

    /// <summary>Reads a table from its parts.</summary>
    /// <exception cref="CorruptStateException">The parts are invalid.</exception>
    public static Table Read(IEnumerable<byte[]> parts, RulesOptions options, IKeySource keys,
        ShardRole role = default)
    {
        var reader = new TableSnapshotReader(options, keys, role);
        foreach (var part in parts)
            reader.Read(part);
        return reader.Finish();
    }
}
