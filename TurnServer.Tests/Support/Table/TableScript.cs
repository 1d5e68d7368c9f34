using System.Globalization;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// Plays a script against the rules, one step per line, with keys bound as in the scenarios:
/// <code>
/// BODY > REPLY             a request without a wait, and its reply
/// BODY > held ID SECONDS   a request with this wait; its reply is held
/// ID is held               the reply is still held
/// ID > REPLY               the reply has been sent
/// + SECONDS                the clock advances
/// </code>
/// </summary>
internal sealed class TableScript
{
    /// <summary>Ann and Bob have just been paired; Bob hosts. Their pairing keys are {a} and {b}.</summary>
    public const string Paired = """
        0,Ann,*,*,* > 0/0/{a}
        0,Bob,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        2,*,{a},*,* > 0/4/Bob

        """;

    /// <summary>Both are loading.</summary>
    public const string Loading = Paired + """
        3,*,{b},*,* > 0/5/
        3,*,{a},*,* > 0/6/

        """;

    /// <summary>Both are playing: Ann in seat 0 with the seat key {ga}, Bob in seat 1 with {gb}.</summary>
    public const string Playing = Loading + """
        4,*,{b},*,* > 0/7/*
        4,*,{a},*,* > 0/8/{ga}|0
        4,*,{b},*,* > 0/8/{gb}|1

        """;

    private readonly ScenarioPlayer _player;

    public TableScript(RulesOptions? options = null, IKeySource? keys = null)
    {
        Driver = new TableDriver(options, keys);
        _player = new ScenarioPlayer(new TableScenarioServer(Driver));
    }

    public TableDriver Driver { get; }

    public Table Table => Driver.Table;

    /// <summary>A bound key.</summary>
    public string this[string name] => _player.Bound[name];

    /// <summary>Plays these lines and asserts every expectation in them.</summary>
    public void Play(string lines)
    {
        var steps = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .SelectMany(Parse);
        // The rules are synchronous: the task has completed.
        var play = _player.PlayAsync(steps);
        Assert.That(play.IsCompleted);
        Assert.That(play.Result, Is.Empty);
    }

    private static IEnumerable<ScenarioStep> Parse(string line)
    {
        if (line.StartsWith("+ ", StringComparison.Ordinal))
            return [new SleepStep(Seconds(line[2..]))];
        if (line.EndsWith(" is held", StringComparison.Ordinal))
            return [new PendingStep(line[..^" is held".Length])];
        var arrow = line.LastIndexOf(" > ", StringComparison.Ordinal);
        var (left, right) = (line[..arrow].Trim(), line[(arrow + 3)..].Trim());
        if (!left.Contains(','))
            return [new JoinStep(left, TimeSpan.Zero, new Expectation([right], Status: 0))];
        if (!right.StartsWith("held ", StringComparison.Ordinal))
            return [new SendStep(left, WaitSeconds: 0, new Expectation([right], Status: 0))];
        var words = right.Split(' ');
        return
        [
            new StartStep(words[1], left, int.Parse(words[2], CultureInfo.InvariantCulture)),
            new PendingStep(words[1]),
        ];
    }

    private static TimeSpan Seconds(string text) =>
        TimeSpan.FromTicks((long)(decimal.Parse(text, CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond));
}
