using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>An actor with a manual clock and text requests. Every wait for it is bounded.</summary>
internal sealed class ActorDriver : IAsyncDisposable
{
    private Task? _loop;

    public ActorDriver(IKeySource? keys = null, CountingClock? clock = null, RulesOptions? options = null)
        : this(new Table(options ?? new RulesOptions(), keys ?? new SequentialKeySource()), clock)
    {
    }

    /// <summary>An actor that owns an existing table.</summary>
    public ActorDriver(Table table, CountingClock? clock = null)
    {
        Clock = clock ?? new CountingClock();
        Actor = new TurnActor(table, Clock, Log);
    }

    public CountingClock Clock { get; }

    public RecordingLog Log { get; } = new();

    public TurnActor Actor { get; }

    /// <summary>Completes when the loop that <see cref="Start"/> started ends; fails after a timeout.</summary>
    public Task Loop => TestWait.ForAsync(_loop ?? throw new InvalidOperationException("The actor is not started."));

    /// <summary>The warnings logged so far.</summary>
    public List<string> Warnings =>
        [.. Log.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text)];

    /// <summary>Creates and starts an actor.</summary>
    public static ActorDriver Started(IKeySource? keys = null, CountingClock? clock = null)
    {
        var driver = new ActorDriver(keys, clock);
        driver.Start();
        return driver;
    }

    public void Start() => _loop = Actor.RunAsync();

    /// <summary>Sends a request. A held reply comes only when the clock advances.</summary>
    public Task<WireReply> Ask(string text, int waitSeconds = 0, bool mayResumeInline = false)
    {
        var body = WireText.ToBytes(text);
        return RequestParser.TryParse(body, out var request, out _)
            ? Actor.AskAsync(request, body, TableDriver.Address("127.0.0.1"), waitSeconds, mayResumeInline).AsTask()
            : throw new FormatException($"Malformed request: {text}");
    }

    /// <summary>Sends a request and waits for the reply.</summary>
    public async Task<string> Send(string text) => Text(await TestWait.ForAsync(Ask(text)));

    /// <summary>Completes when the actor has handled everything in its mailbox.</summary>
    public Task Settle() => TestWait.ForAsync(Actor.QueryAsync(_ => true));

    public Task<int> GameCountAsync() => TestWait.ForAsync(Actor.QueryAsync(table => table.GameCount));

    /// <summary>
    /// Lets time pass in steps of a second, with the actor running in between. A clock that jumps further looks like a
    /// suspended process to the actor.
    /// </summary>
    public async Task AdvanceAsync(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(1))
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Settle();
        }
    }

    /// <summary>Asserts that the only warning reports a suspension of this length.</summary>
    public void AssertSuspensionLogged(TimeSpan length)
    {
        Assert.That(Warnings, Has.Count.EqualTo(1));
        Assert.That(Warnings[0], Does.Contain(FormattableString.Invariant($"for {length.TotalSeconds:0.0} s")));
    }

    public static string Text(WireReply reply) => Encoding.UTF8.GetString(reply.Body);

    public async ValueTask DisposeAsync()
    {
        Actor.Stop();
        if (_loop is not null)
            await TestWait.ForAsync(_loop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Actor.Dispose();
    }
}
