using System.Globalization;

namespace TurnServer.Tests.Support;

/// <summary>Plays the steps of scenarios against a server and reports every difference.</summary>
internal sealed class ScenarioPlayer(IScenarioServer server)
{
    private const int ShownCharactersMax = 200;

    /// <summary>The keys bound so far, kept for the next steps to play.</summary>
    public Bindings Bound { get; } = new();

    /// <summary>Plays all steps, even after a difference. Returns the differences.</summary>
    public async Task<IReadOnlyList<string>> PlayAsync(IEnumerable<ScenarioStep> steps)
    {
        var differences = new List<string>();
        var number = 0;
        foreach (var step in steps)
        {
            if (await PlayAsync(step) is { } difference)
                differences.Add($"step {++number}: {difference}");
            else
                number++;
        }

        return differences;
    }

    private async Task<string?> PlayAsync(ScenarioStep step)
    {
        switch (step)
        {
            case SleepStep sleep:
                await server.SleepAsync(sleep.Time);
                return null;
            case PendingStep pending:
                return server.IsPending(pending.Id) ? null : $"{pending.Id}: reply is not held";
            case StartStep start:
                await server.StartAsync(start.Id, WireText.ToBytes(Bound.Fill(start.Body)), start.WaitSeconds);
                return null;
            case JoinStep join:
                return await server.JoinAsync(join.Id, join.Within) is { } late
                    ? await CheckAsync(join.Id, join.Expected, late)
                    : $"{join.Id}: no reply within {join.Within.TotalSeconds} s";
            case SendStep send:
                var reply = await server.SendAsync(WireText.ToBytes(Bound.Fill(send.Body)), send.WaitSeconds);
                return await CheckAsync(send.Body, send.Expected, reply);
            default:
                throw new ArgumentOutOfRangeException(nameof(step), step, "Unknown step.");
        }
    }

    private async Task<string?> CheckAsync(string what, Expectation expected, ScenarioReply reply)
    {
        if (!Matches(expected, reply))
        {
            return $"{Shorten(what)}: expected {Shorten(expected.ToString())}, got {reply.Status} "
                + $"{Shorten(reply.Text)}{reply.Headers}";
        }

        foreach (var (pool, line) in expected.Waiting)
        {
            var actual = await server.GetWaitingAsync(pool);
            if (actual != line && !(server.IsRealTime && IsLater(line, actual)))
                return $"waiting in pool \"{pool}\" after {Shorten(what)}: expected {line}, got {actual}";
        }

        return null;
    }

    private bool Matches(Expectation expected, ScenarioReply reply) =>
        (expected.Status == 0 || expected.Status == reply.Status)
        && expected.Headers.Match(reply.Headers, server.IsRealTime)
        && expected.Patterns.Any(pattern => Bound.Matches(pattern, reply.Text));

    // The same number of players, and the first has waited for longer.
    private static bool IsLater(string line, string actual)
    {
        var (expected, later) = (line.Split(' '), actual.Split(' '));
        return expected[0] == later[0] && expected[0] != "0"
            && int.Parse(expected[1], CultureInfo.InvariantCulture) < int.Parse(later[1], CultureInfo.InvariantCulture);
    }

    private static string Shorten(string text) =>
        text.Length <= ShownCharactersMax ? text : $"{text[..ShownCharactersMax]}… ({text.Length} characters)";
}
