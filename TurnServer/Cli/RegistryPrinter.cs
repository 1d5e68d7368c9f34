using System.Globalization;
using System.Text;
using TurnServer.Actor;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>Prints the players and games as tables on standard output: <c>--verbose</c>.</summary>
internal static class RegistryPrinter
{
    private const int RowsMax = 200;
    private const int NameWidthMax = 24;
    private const int KeyDigitsShown = 3;
    private const int KeyDigitsMin = 8;

    /// <summary>Prints them at each interval until it is stopped.</summary>
    public static async Task RunAsync(ITableQueries table, TimeSpan interval, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                await PrintAsync(table);
        }
        catch (OperationCanceledException)
        {
            // The server is stopping.
        }
    }

    private static async Task PrintAsync(ITableQueries table)
    {
        var views = new List<TableView>();
        foreach (var part in table.Parts)
        {
            // An actor too busy to answer is asked again the next time.
            TableView? view = null;
            if (!await ActorProbe.TryInspectAsync(part, now => view = now.View(RowsMax), TimeProvider.System))
                return;
            views.Add(view!);
        }

        await Console.Out.WriteAsync(Compose(TableView.Join(views, RowsMax)));
    }

    private static string Compose(TableView view)
    {
        var text = new StringBuilder();
        Append(text, $"players: {view.PlayerCount}", view.PlayerCount - view.Players.Count,
            ["key", "name", "address", "status", "role", "partner", "age", "left"],
            [.. view.Players.Select(PlayerRow)]);
        Append(text, $"games: {view.GameCount}", view.GameCount - view.Games.Count,
            ["age", "seat", "key", "name", "address", "counter", "backlog", "left"],
            [.. view.Games.SelectMany(GameRows)]);
        return text.ToString();
    }

    // Enough digits to recognize the key, too few to play with it.
    private static string Abbreviate(ulong key)
    {
        var digits = key.ToString(CultureInfo.InvariantCulture);
        return digits.Length < KeyDigitsMin ? "…" : digits[..KeyDigitsShown] + "…";
    }

    private static string[] PlayerRow(PlayerView player) =>
    [
        Abbreviate(player.Key), Name(player.Name), player.Address, player.Status.ToString().ToLowerInvariant(),
        player.IsHost switch { true => "server", false => "client", null => "-" },
        player.Partner is null ? "-" : Name(player.Partner), Seconds(player.Age), Left(player.TimeLeft),
    ];

    // Two rows per game; the first has its age.
    private static IEnumerable<string[]> GameRows(GameView game) =>
        [SeatRow(Seconds(game.Age), "0", game.Seat0), SeatRow("", "1", game.Seat1)];

    private static string[] SeatRow(string age, string number, SeatView seat) =>
    [
        age, number, Abbreviate(seat.Key), Name(seat.Name), seat.Address,
        seat.Counter.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"{seat.BacklogBytes} B"), seat.Left ?? Left(seat.TimeLeft),
    ];

    private static string Name(string name) => TerminalText.OnOneLine(name, NameWidthMax);

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private static string Left(TimeSpan? time) => time is { } left ? Seconds(left) : "-";

    private static void Append(StringBuilder text, string title, int hidden, string[] head,
        IReadOnlyList<string[]> rows)
    {
        text.AppendLine(title);
        if (rows.Count == 0)
            return;
        var widths = head.Select((cell, i) => Math.Max(cell.Length, rows.Max(row => row[i].Length))).ToArray();
        AppendRow(text, head, widths);
        AppendRow(text, [.. widths.Select(width => new string('-', width))], widths);
        foreach (var row in rows)
            AppendRow(text, row, widths);
        if (hidden > 0)
            text.AppendLine($"  … and {hidden} more");
    }

    private static void AppendRow(StringBuilder text, string[] cells, int[] widths) =>
        text.AppendLine("  " + string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
}
