using System.Text;
using TurnServer.Actor;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>An actor whose clock is turned by hand, asked with text. Every wait for it is bounded.</summary>
internal sealed class ActorDriver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private Task? _loop;

    public ActorDriver(IKeySource? keys = null, CountingClock? clock = null, RulesOptions? options = null)
        : this(new Table(options ?? new RulesOptions(), keys ?? new SequentialKeySource()), clock)
    {
    }

    /// <summary>An actor over a table that there is.</summary>
    public ActorDriver(Table table, CountingClock? clock = null)
    {
        Clock = clock ?? new CountingClock();
        Actor = new TurnActor(table, Clock, Log);
    }

    public CountingClock Clock { get; }

    public RecordingLog Log { get; } = new();

    public TurnActor Actor { get; }

    /// <summary>The loop, bounded; <see cref="Start"/> starts it.</summary>
    public Task Loop => (_loop ?? throw new InvalidOperationException("It has not been started.")).WaitAsync(Patience);

    /// <summary>An actor that runs.</summary>
    public static ActorDriver Started(IKeySource? keys = null, CountingClock? clock = null)
    {
        var driver = new ActorDriver(keys, clock);
        driver.Start();
        return driver;
    }

    public void Start() => _loop = Actor.RunAsync();

    /// <summary>Asks; the reply may take as long as the clock is not turned.</summary>
    public Task<WireReply> Ask(string text, int waitSeconds = 0)
    {
        var body = WireText.ToBytes(text);
        return RequestParser.TryParse(body, out var request, out _)
            ? Actor.AskAsync(request, body, TableDriver.Address("127.0.0.1"), waitSeconds).AsTask()
            : throw new FormatException($"Not a request: {text}");
    }

    /// <summary>Asks, and waits for the reply.</summary>
    public async Task<string> Send(string text) => Text(await Soon(Ask(text)));

    /// <summary>Returns when the actor has handled all that it was given.</summary>
    public Task Settle() => Soon(Actor.QueryAsync(_ => true));

    public static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(Patience);

    public static Task Soon(Task task) => task.WaitAsync(Patience);

    public static string Text(WireReply reply) => Encoding.UTF8.GetString(reply.Body);

    public async ValueTask DisposeAsync()
    {
        Actor.Stop();
        if (_loop is not null)
            await Soon(_loop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Actor.Dispose();
    }
}
