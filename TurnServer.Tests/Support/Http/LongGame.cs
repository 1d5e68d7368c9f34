using System.Globalization;

namespace TurnServer.Tests.Support;

/// <summary>
/// A game whose turns are as long as a body can be, so that a journal is full soon. Each turn answers the one before.
/// </summary>
internal sealed class LongGame : IAsyncDisposable
{
    /// <summary>Characters a turn.</summary>
    public const int TextLength = 16_000;

    private readonly RawPair _pair;

    private LongGame(RawPair pair, int port)
    {
        _pair = pair;
        Port = port;
    }

    /// <summary>Where the server listens; another one may go on with the game.</summary>
    public int Port { get; set; }

    /// <summary>How many turns have been taken.</summary>
    public int Turns { get; private set; }

    public static async Task<LongGame> StartAsync(int port, string name) =>
        new(await RawPair.StartAsync(port, name), port);

    /// <summary>Makes the next turn and checks that it brings the one before; false when it was refused (23).</summary>
    public async Task<bool> TryTurnAsync()
    {
        var who = Turns % 2;
        // A connection each: the listener ends one after a hundred requests.
        await using var player = await RawHttp.ConnectAsync(Port);
        var reply = await player.PostAsync(_pair.Update(who, Turns / 2, Text(Turns)));
        if (reply.Body == "23/*/*")
            return false;
        Assert.That(reply.Body, Is.EqualTo(Turns == 0 ? "0/10/*" : $"0/9/{Text(Turns - 1)}"));
        Turns++;
        return true;
    }

    public ValueTask DisposeAsync() => _pair.DisposeAsync();

    private static string Text(int turn) => turn.ToString(CultureInfo.InvariantCulture).PadLeft(TextLength, '.');
}
