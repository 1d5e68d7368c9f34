using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>A game of two programs, and what happens to it meanwhile.</summary>
internal sealed class ConformanceGame : IAsyncDisposable
{
    // What parsers and encoders stumble over. All of it is legal in a turn.
    private static readonly string[] Texts =
        ["", "*", ",", "0/9/x", "a b", "100%", "%20", "\n", "\t", "\"{}\\", "é e\u0301", "🎲", "-", "</p>", "\u2028"];

    // Far longer than a game takes.
    private static readonly TimeSpan Timeout = 5 * TestWait.Timeout;

    // How many turns of each may be sent so far.
    private int _sendable;

    private ConformanceGame(ConformancePlayer ann, ConformancePlayer bob) => (Ann, Bob) = (ann, bob);

    public ConformancePlayer Ann { get; }

    public ConformancePlayer Bob { get; }

    /// <summary>Starts two programs; returns when their game has begun.</summary>
    public static async Task<ConformanceGame> StartAsync(ClientProgram annsProgram, ClientProgram bobsProgram, Uri url,
        string options)
    {
        var ann = await ConformancePlayer.StartAsync(annsProgram, options);
        var bob = await ConformancePlayer.StartAsync(bobsProgram, options);
        ann.Register(url, "Ann", partner: "Bob");
        bob.Register(url, "Bob", partner: "Ann");
        await ann.WaitForAsync("started");
        await bob.WaitForAsync("started");
        return new ConformanceGame(ann, bob);
    }

    /// <summary>
    /// Each sends its first turn, which has all of the texts. As soon as its game is stored with it, something happens.
    /// </summary>
    public async Task BeginAsync(Func<Task> happensToAnn, Func<Task> happensToBob)
    {
        await BeginAsync(Ann, FirstTurn("a"), happensToAnn, Bob);
        await BeginAsync(Bob, FirstTurn("b"), happensToBob, Ann);
    }

    /// <summary>
    /// Plays until each has the other's turns, which must arrive once and in order. Both send at the same time, in
    /// bursts, and sometimes wait for each other.
    /// </summary>
    /// <param name="count">How many turns each sends.</param>
    /// <param name="incidents">
    /// Happen one after the other while the game goes on, evenly spread: none of them is left out, because nobody sends
    /// what comes after the next before one is over.
    /// </param>
    public async Task PlayAsync(int count, params Func<Task>[] incidents)
    {
        var random = TestContext.CurrentContext.Random;
        var (fromAnn, fromBob) = (Turns("a", count, random), Turns("b", count, random));
        var stage = count / (incidents.Length + 1);
        Volatile.Write(ref _sendable, incidents.Length == 0 ? count : 2 * stage);
        var playing = Task.WhenAll(
            SendAllAsync(Ann, Bob, fromAnn, new Random(random.Next())),
            SendAllAsync(Bob, Ann, fromBob, new Random(random.Next())));
        foreach (var (incident, number) in incidents.Select((incident, i) => (incident, i + 1)))
        {
            await TestWait.UntilAsync(() => playing.IsCompleted || Bob.ReceivedCount > number * stage,
                "the game goes on", Timeout);
            if (playing.IsCompleted)
                await playing;
            Assert.That(playing.IsCompleted, Is.False, $"the game goes on until incident {number}");
            await incident();
            Volatile.Write(ref _sendable, number == incidents.Length ? count : (number + 2) * stage);
        }

        await playing;
        Assert.That(Bob.Received, Is.EqualTo(fromAnn));
        Assert.That(Ann.Received, Is.EqualTo(fromBob));
    }

    public async ValueTask DisposeAsync()
    {
        await Ann.DisposeAsync();
        await Bob.DisposeAsync();
    }

    // Nobody else sends anything, so that no later save replaces the one with the turn.
    private static async Task BeginAsync(ConformancePlayer from, string turn, Func<Task> happens, ConformancePlayer to)
    {
        await from.SendNextAsync("post", [turn]);
        await from.WaitUntilStoredAsync();
        await happens();
        await TestWait.UntilAsync(() => to.ReceivedCount == 1, "the first turn arrives");
    }

    private static string FirstTurn(string from) => $"{from}0{string.Concat(Texts)}";

    private static string[] Turns(string from, int count, Random random) =>
    [
        FirstTurn(from),
        .. Enumerable.Range(1, count - 1).Select(i => $"{from}{i}{Texts[random.Next(Texts.Length)]}"),
    ];

    private async Task SendAllAsync(ConformancePlayer from, ConformancePlayer to, string[] turns, Random random)
    {
        var (count, changedAt) = (0, Stopwatch.GetTimestamp());
        while (count < turns.Length)
        {
            var sendable = Volatile.Read(ref _sendable);
            if (from.SentCount < sendable && from.SentCount - count <= random.Next(8))
                await from.SendNextAsync(random.Next(4) == 0 ? "post" : "send", turns);
            else
                await Task.Delay(1);
            Assert.That(from.ValueOf("ended"), Is.Null, "the game goes on");
            var now = to.ReceivedCount;
            if (now != count || now == sendable)
                (count, changedAt) = (now, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(changedAt) > TestWait.Timeout)
                Assert.Fail($"Nothing arrives after {count} turns.");
        }
    }
}
