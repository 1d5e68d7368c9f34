using System.CommandLine;
using TurnServer.Bench.Cli;
using TurnServer.Cli;
using TurnServer.Client;

namespace TurnServer.Bench.Load;

/// <summary>The subcommand <c>stress</c> and its options.</summary>
internal static class StressCommand
{
    public const string Name = "stress";

    private const string Notes = """
        Each player registers, is paired, loads, plays, quits and starts over. Half of the pairs name each
        other, the others take any partner. A game lasts about 100 turns of each player, or 20 seconds.
        Players of other programs that wait on the same server are released again. With --pools the pairs
        are spread over pools that no other program has, and each partner must be of the player's own pool.

        URL,URL,... are servers of one cluster: players are spread over them, and go to the next one when
        theirs fails.

        Each player sends turns at a fixed rate and never waits for the reply to the one before. Latency
        counts from the moment at which a turn was due, so a stalled server shows as high latency. Without
        --wait a player gets its partner's turns with the replies to its own, up to 1/rate seconds later.
        With --wait the server holds a reply for each player and delivers turns at once.

        With --come-back a player stores its game before each turn that it sends and after each that it has
        received. When it crashes, all that it has not stored is forgotten.

        --ramp runs both ends and 1, 2 and 5 times each power of ten between them, each for at least two
        seconds.

        SIGINT or SIGTERM ends the test early: games are played to their end and the statistics printed. A
        second signal ends it at once.
        """;

    public static Subcommand Create()
    {
        var url = new Argument<string?>("url") { Arity = ArgumentArity.ZeroOrOne };
        var clients = Options.Whole("--clients", "players at once", 30, 2, Ramp.PlayersMax);
        var rate = Options.Number("--rate", "turns a second of each player", 5, 0.05, 1000);
        var duration = Options.Duration("--duration", "how long to play: 100s, 2m, 500ms, or plain seconds",
            TimeSpan.FromSeconds(100));
        var wait = Options.Switch("--wait", "let the server hold replies (Prefer: wait), so that turns come at once");
        var webSocket = Options.Switch("--websocket", "over a WebSocket of each player's instead of HTTP");
        var loss = Options.Number("--loss", "share of replies to drop; those requests are repeated", 0, 0, 0.9);
        var comeBack = Options.Number("--come-back",
            "share of turns after which their receiver crashes, and comes back from what it had stored", 0, 0, 0.9);
        var pools = Options.Whole("--pools", "pools to spread the pairs over; 0: players name no pool", 0, 0,
            Ramp.PlayersMax / 2);
        var ramp = Options.Value<Ramp?>("--ramp", "FROM..TO", "repeat with more and more players, such as 10..1000, "
            + "each for its share of the duration", Ramp.Parse, null, null);
        var plot = Options.Text("--plot", "FILE", "write a page of charts");
        var json = Options.Text("--json", "FILE", "write all measurements as JSON");
        var pid = Options.Value("--pid", "process whose CPU and memory to report", FlagType.Optional(
            FlagType.Whole("PID", 1, int.MaxValue, "a process ID"), "what listens on the URL's port here"), null);
        var seed = Options.Whole("--seed", "seed of when to send, how long to play, and what to drop", 1, 0,
            int.MaxValue);
        return new Subcommand(Name, "simulate players and check that every turn arrives once and in order")
        {
            Call = "./run.sh stress",
            Arguments = [(url, "URL", "the server, such as http://localhost:8080/; with ws:// as with --websocket")],
            Flags = [clients, rate, duration, wait, webSocket, loss, comeBack, pools, ramp, plot, json, pid, seed],
            Notes = Notes,
            ExitCodes =
            [
                (StressExit.Ok, "every turn arrived once and in order"),
                (StressExit.CannotRun, "cannot run: no answer, no turn server there, or a file cannot be written"),
                (StressExit.Usage, "an option is wrong"),
                (StressExit.Violation, "a turn did not arrive once and in order, or a player got a wrong partner"),
            ],
            SimulatesPlayers = true,
        }.Does((result, errors) => new StressRun(
            new LoadOptions
            {
                OtherUrls = [.. Urls(result.GetValue(url)).Skip(1).Select(other => ReadUrl(other, errors))],
                Settings = new LoadSettings(ReadUrl(Urls(result.GetValue(url))[0], errors),
                    clients.Read(result, errors), rate.Read(result, errors), duration.Read(result, errors),
                    wait.Read(result, errors), loss.Read(result, errors), comeBack.Read(result, errors),
                    pools.Read(result, errors), webSocket.Read(result, errors) || IsWebSocket(result.GetValue(url))),
                Seed = seed.Read(result, errors),
                ServerProcessId = pid.Read(result, errors),
            },
            ramp.Read(result, errors), plot.Read(result, errors), json.Read(result, errors), Console.Out),
            (run, cancel) => run.RunAsync(cancel));
    }

    private static string[] Urls(string? text) => (text ?? "").Split(',');

    private static bool IsWebSocket(string? urls) =>
        Uri.TryCreate(Urls(urls)[0], UriKind.Absolute, out var url) && ServerUrl.IsWebSocket(url);

    private static Uri ReadUrl(string? text, List<string> errors)
    {
        var hasScheme = string.IsNullOrEmpty(text) || text.Contains("://", StringComparison.Ordinal);
        var url = ServerUrl.Read(hasScheme ? text : $"http://{text}", out var whatIsWrong);
        if (whatIsWrong is not null)
            errors.Add(whatIsWrong);
        return url is null ? null! : ServerUrl.ToHttp(url);
    }
}
