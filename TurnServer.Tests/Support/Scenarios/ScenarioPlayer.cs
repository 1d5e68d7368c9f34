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
                    ? Check(join.Id, join.Expected, late)
                    : $"{join.Id}: no reply within {join.Within.TotalSeconds} s";
            case SendStep send:
                var reply = await server.SendAsync(WireText.ToBytes(Bound.Fill(send.Body)), send.WaitSeconds);
                return Check(send.Body, send.Expected, reply);
            default:
                throw new ArgumentOutOfRangeException(nameof(step), step, "Unknown step.");
        }
    }

    private string? Check(string what, Expectation expected, ScenarioReply reply)
    {
        if ((expected.Status == 0 || expected.Status == reply.Status)
            && expected.HeadersMatch(reply, server.IsRealTime))
        {
            foreach (var pattern in expected.Patterns)
            {
                if (Bound.Matches(pattern, reply.Text))
                    return null;
            }
        }

        return $"{Shorten(what)}: expected {Shorten(expected.ToString())}, got {reply.Status} "
            + $"{Shorten(reply.Text)}, Turn-Counter {reply.TurnCounter}, Partner-Silent {reply.PartnerSilentSeconds}";
    }

    private static string Shorten(string text) =>
        text.Length <= ShownCharactersMax ? text : $"{text[..ShownCharactersMax]}… ({text.Length} characters)";
}
