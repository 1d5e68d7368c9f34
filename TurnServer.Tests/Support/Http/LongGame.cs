using System.Diagnostics;
using System.Globalization;

namespace TurnServer.Tests.Support;

/// <summary>
/// A game with turns of almost the largest size, which fills journal segments quickly. The players alternate.
/// </summary>
internal sealed class LongGame : IAsyncDisposable
{
    /// <summary>Characters per turn.</summary>
    public const int TextLength = 16_000;

    private static readonly TimeSpan StallMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    private readonly RawPair _pair;

    private LongGame(RawPair pair, int port)
    {
        _pair = pair;
        Port = port;
    }

    /// <summary>The server's port; may be changed when another server continues the game.</summary>
    public int Port { get; set; }

    /// <summary>How many turns the server has accepted.</summary>
    public int Turns { get; private set; }

    public static async Task<LongGame> StartAsync(int port, string name) =>
        new(await RawPair.StartAsync(port, name), port);

    /// <summary>Sends the next turn and asserts that its reply has the one before; false on error 23.</summary>
    public async Task<bool> TryTurnAsync()
    {
        var who = Turns % 2;
        // A connection per turn: the listener closes one after a hundred requests.
        await using var player = await RawHttp.ConnectAsync(Port);
        var reply = await player.PostAsync(_pair.Update(who, Turns / 2, Text(Turns)));
        if (reply.Body == "23/*/*")
            return false;
        Assert.That(reply.Body, Is.EqualTo(Turns == 0 ? "0/10/*" : $"0/9/{Text(Turns - 1)}"));
        Turns++;
        return true;
    }

    /// <summary>
    /// Sends the next turn, again and again on error 23: turns this long can fill a segment before the next one is
    /// there.
    /// </summary>
    public async Task TurnAsync()
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await TryTurnAsync())
        {
            Assert.That(Stopwatch.GetElapsedTime(startedAt), Is.LessThan(StallMax), "still refused with 23");
            await Task.Delay(RetryPause);
        }
    }

    public ValueTask DisposeAsync() => _pair.DisposeAsync();

    private static string Text(int turn) => turn.ToString(CultureInfo.InvariantCulture).PadLeft(TextLength, '.');
}
