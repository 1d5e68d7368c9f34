using System.Text;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>The table of the page for game developers: which client passes which conformance test.</summary>
internal static class ConformanceTable
{
    private static readonly (string Script, string Title)[] Scripts =
    [
        (nameof(ConformanceTests.Thousand_turns_each_way_arrive_once_and_in_order),
            "1000 turns each way, 5 % of the requests disturbed, the server killed twice"),
        (nameof(ConformanceTests.Thousand_turns_each_way_arrive_once_and_in_order_over_a_WebSocket),
            "the same over a WebSocket"),
        (nameof(ConformanceTests.App_that_is_killed_comes_back_to_its_game), "apps killed seven times in a game"),
        (nameof(ConformanceTests.Game_that_a_client_has_saved_is_taken_up_by_one_in_another_language),
            "plays with another language's client, and each takes up the other's saved game"),
        (nameof(ConformanceTests.App_that_is_killed_while_it_waits_keeps_its_registration),
            "app killed while it waits"),
        (nameof(ConformanceTests.Player_whose_partners_leave_before_the_game_plays_with_the_next),
            "partner leaves before the game"),
        (nameof(ConformanceTests.Partner_that_leaves_ends_the_game_after_its_last_turns), "partner leaves"),
        (nameof(ConformanceTests.Full_server_and_one_that_is_none_are_told_apart), "server full; no server"),
        (nameof(ConformanceTests.Answers_of_other_servers_are_told_apart_and_redirects_not_followed),
            "web page, error page or redirect instead of a turn server"),
    ];

    /// <summary>The table in Markdown.</summary>
    /// <param name="outcomeOf">The cell of a client and the name of a test.</param>
    public static string Compose(Func<string, string, string> outcomeOf)
    {
        var clients = ClientProgram.All.Select(program => program.Name).ToList();
        var table = new StringBuilder();
        Row("", clients);
        Row("---", clients.Select(_ => "---"));
        foreach (var (script, title) in Scripts)
            Row(title, clients.Select(client => Cell(client, script)));
        return table.ToString();

        string Cell(string client, string script) =>
            script.EndsWith("WebSocket", StringComparison.Ordinal)
                && !ClientProgram.WithWebSockets.Any(program => program.Name == client)
                ? "not offered"
                : outcomeOf(client, script);

        void Row(string title, IEnumerable<string> cells) =>
            table.Append($"| {title} | {string.Join(" | ", cells)} |\n".Replace("|  |", "| |"));
    }
}
