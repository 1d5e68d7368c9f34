using System.Globalization;
using System.Text;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>Lays both registries out as tables, for <c>--verbose</c>.</summary>
internal static class TablePrinter
{
    /// <summary>The most rows that are shown of each registry.</summary>
    public const int RowsMax = 200;

    private const int NameWidthMax = 24;
    private const int KeyDigitsShown = 3;
    private const int KeyDigitsMin = 8;

    /// <summary>Both tables, each under a line that counts its entries.</summary>
    public static string Compose(TableView view)
    {
        var text = new StringBuilder();
        Append(text, $"players: {view.PlayerCount}", view.PlayerCount,
            ["key", "name", "address", "status", "role", "partner", "age", "left"],
            [.. view.Players.Select(PlayerRow)]);
        Append(text, $"games: {view.GameCount}", view.GameCount,
            ["age", "key 0", "name 0", "address 0", "counter", "backlog", "left", "key 1", "name 1", "address 1", "counter", "backlog", "left"],
            [.. view.Games.Select(GameRow)]);
        return text.ToString();
    }

    /// <summary>The first digits of a key: enough to find it again, too few to play with it.</summary>
    public static string Abbreviate(ulong key)
    {
        var digits = key.ToString(CultureInfo.InvariantCulture);
        return digits.Length < KeyDigitsMin ? "…" : digits[..KeyDigitsShown] + "…";
    }

    /// <summary>
    /// A name as a terminal may show it: cut to a width, and without what could move the cursor or turn the writing round.
    /// </summary>
    public static string Tame(string name)
    {
        var text = new StringBuilder();
        var width = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            if (++width > NameWidthMax)
                return text.Append('…').ToString();
            var isShown = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned);
            text.Append(isShown ? rune.ToString() : "·");
        }

        return text.ToString();
    }

    private static string[] PlayerRow(PlayerView player) =>
    [
        Abbreviate(player.Key), Tame(player.Name), player.Address, player.Status.ToString().ToLowerInvariant(),
        player.Hosts switch { true => "server", false => "client", null => "-" },
        player.Partner is null ? "-" : Tame(player.Partner), Seconds(player.Age), Left(player.TimeLeft),
    ];

    private static string[] GameRow(GameView game) => [Seconds(game.Age), .. SeatCells(game.Seat0), .. SeatCells(game.Seat1)];

    private static string[] SeatCells(SeatView seat) =>
    [
        Abbreviate(seat.Key), Tame(seat.Name), seat.Address, seat.Counter.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"{seat.BacklogBytes} B"), seat.Left ?? Left(seat.TimeLeft),
    ];

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private static string Left(TimeSpan? time) => time is { } left ? Seconds(left) : "-";

    private static void Append(StringBuilder text, string title, int count, string[] head, IReadOnlyList<string[]> rows)
    {
        text.AppendLine(title);
        if (rows.Count == 0)
            return;
        var widths = head.Select((cell, column) => Math.Max(cell.Length, rows.Max(row => row[column].Length))).ToArray();
        AppendRow(text, head, widths);
        AppendRow(text, [.. widths.Select(width => new string('-', width))], widths);
        foreach (var row in rows)
            AppendRow(text, row, widths);
        if (rows.Count < count)
            text.AppendLine($"  … and {count - rows.Count} more");
    }

    private static void AppendRow(StringBuilder text, string[] cells, int[] widths) =>
        text.AppendLine("  " + string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
}
