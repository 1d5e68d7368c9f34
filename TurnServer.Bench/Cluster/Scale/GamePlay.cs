using System.Globalization;
using TurnServer.Bench.Client;

namespace TurnServer.Bench.Cluster.Scale;

/// <summary>
/// Whole games, as short as they can be: two players who name each other register, load and start, send their first
/// update, and quit.
/// </summary>
/// <param name="port">The server that they go to.</param>
/// <param name="number">Tells the players of this thread from those of others.</param>
internal sealed class GamePlay(int port, int number) : Play, IDisposable
{
    private const int GamesMax = 1_000_000;

    private readonly BlockingConnection _connection = new(port);
    private int _games;

    public override void PlayTurn()
    {
        var (one, other) = GameSetup.Start(_connection, (number * GamesMax) + _games++);
        foreach (var seat in new[] { one, other })
            _connection.Ask(string.Create(CultureInfo.InvariantCulture, $"6,,{seat},0"), "0/10/");
        foreach (var seat in new[] { one, other })
            _connection.Ask(string.Create(CultureInfo.InvariantCulture, $"5,*,{seat},*"), "0/1/");
    }

    public void Dispose() => _connection.Dispose();
}
