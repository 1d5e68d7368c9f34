using System.Text.Json;

namespace TurnServer.Tests.Support;

/// <summary>A wire scenario: steps played in order against a server without other clients.</summary>
internal sealed record Scenario(string Name, IReadOnlyList<ScenarioStep> Steps)
{
    /// <summary>The scenarios in a subdirectory of Scenarios, with their file names.</summary>
    public static IEnumerable<(string File, Scenario Scenario)> InFolder(string folder)
    {
        var path = Path.Combine(TestContext.CurrentContext.TestDirectory, "Scenarios", folder);
        foreach (var file in Directory.GetFiles(path, "*.json").Order(StringComparer.Ordinal))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var scenario in json.RootElement.EnumerateArray())
                yield return (Path.GetFileNameWithoutExtension(file), Read(scenario));
        }
    }

    private static Scenario Read(JsonElement json) =>
        new(Text(json.GetProperty("name")), [.. json.GetProperty("steps").EnumerateArray().Select(ReadStep)]);

    private static ScenarioStep ReadStep(JsonElement json)
    {
        if (json.TryGetProperty("sleep", out var sleep))
            return new SleepStep(Seconds(sleep));
        if (json.TryGetProperty("pending", out var pending))
            return new PendingStep(Text(pending));
        if (json.TryGetProperty("join", out var join))
        {
            var within = json.TryGetProperty("within", out var limit) ? Seconds(limit) : JoinStep.DefaultWithin;
            return new JoinStep(Text(join), within, ReadExpectation(json));
        }

        var body = Text(json.GetProperty("send"));
        var wait = json.TryGetProperty("wait", out var seconds) ? seconds.GetInt32() : 0;
        return json.TryGetProperty("start", out var id)
            ? new StartStep(Text(id), body, wait)
            : new SendStep(body, wait, ReadExpectation(json));
    }

    private static Expectation ReadExpectation(JsonElement json)
    {
        var expect = json.GetProperty("expect");
        var patterns = expect.ValueKind == JsonValueKind.Array ? expect.EnumerateArray().Select(Text) : [Text(expect)];
        return new Expectation([.. patterns], json.TryGetProperty("status", out var status) ? status.GetInt32() : 200)
        {
            Headers = ScenarioHeaders.Read(name =>
                json.TryGetProperty(name.ToLowerInvariant(), out var number) ? number.GetInt64() : null),
            Waiting = json.TryGetProperty("waiting", out var waiting)
                ? waiting.EnumerateObject().ToDictionary(pool => pool.Name, pool => pool.Value.GetString()!)
                : new Dictionary<string, string>(),
        };
    }

    // Scenario strings may have lone surrogates (WireText), which System.Text.Json refuses to decode.
    private static string Text(JsonElement json) => WireText.OfJsonString(json.GetRawText());

    private static TimeSpan Seconds(JsonElement json) =>
        TimeSpan.FromTicks((long)(json.GetDecimal() * TimeSpan.TicksPerSecond));
}

/// <summary>One step of a <see cref="Scenario"/>.</summary>
internal abstract record ScenarioStep;

/// <summary>A POST and its reply.</summary>
internal sealed record SendStep(string Body, int WaitSeconds, Expectation Expected) : ScenarioStep;

/// <summary>A POST whose reply a later <see cref="JoinStep"/> checks.</summary>
internal sealed record StartStep(string Id, string Body, int WaitSeconds) : ScenarioStep;

/// <summary>The reply to a started POST arrives in time.</summary>
internal sealed record JoinStep(string Id, TimeSpan Within, Expectation Expected) : ScenarioStep
{
    public static readonly TimeSpan DefaultWithin = TimeSpan.FromSeconds(30);
}

/// <summary>The reply to a started POST has not arrived.</summary>
internal sealed record PendingStep(string Id) : ScenarioStep;

/// <summary>Time passes.</summary>
internal sealed record SleepStep(TimeSpan Time) : ScenarioStep;

/// <summary>The acceptable replies and their HTTP status; status 0 accepts any.</summary>
internal sealed record Expectation(IReadOnlyList<string> Patterns, int Status)
{
    /// <summary>The headers that are compared.</summary>
    public ScenarioHeaders Headers { get; init; }

    /// <summary>
    /// The answers to GET /waiting after the reply, by pool. In real time the first may wait for longer.
    /// </summary>
    public IReadOnlyDictionary<string, string> Waiting { get; init; } = new Dictionary<string, string>();

    public override string ToString() => $"{Status} {string.Join(" or ", Patterns)}{Headers}";
}
