using System.Globalization;
using System.Text;
using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>Two players who know nothing of what goes on beside them: a number goes to and fro between them.</summary>
internal sealed class HonestPair : IAsyncDisposable
{
    private readonly ClientPair _pair;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _playing;

    private HonestPair(ClientPair pair)
    {
        _pair = pair;
        _playing = Task.WhenAll(PlayAsync(pair.A, opens: true), PlayAsync(pair.B, opens: false));
    }

    /// <summary>How many turns have arrived, each once and in order.</summary>
    public int Turns { get; private set; }

    /// <summary>Whether something has gone wrong; <see cref="StopAsync"/> says what.</summary>
    public bool HasFailed => _playing.IsCompleted;

    public static async Task<HonestPair> StartAsync(ServerChild server) =>
        new(await ClientPair.StartAsync(server.Url, new TurnClientOptions { Wait = TimeSpan.FromSeconds(2) }));

    /// <summary>Ends it; what went wrong, null when nothing did.</summary>
    public async Task<string?> StopAsync()
    {
        try
        {
            await _stop.CancelAsync();
            await _playing;
            return "a turn was lost: the game has ended";
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            return e.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _pair.DisposeAsync();
        _stop.Dispose();
    }

    private async Task PlayAsync(TurnGame game, bool opens)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            if (opens)
                await SendAsync(game, 0);
            await using var turns = game.ReceiveAsync(patience.Token).GetAsyncEnumerator();
            for (var number = opens ? 1 : 0; ; number += 2)
            {
                patience.CancelAfter(TestWait.Timeout);
                if (!await turns.MoveNextAsync())
                    return;
                var came = Encoding.UTF8.GetString(turns.Current.Span);
                if (came != number.ToString(CultureInfo.InvariantCulture))
                    throw new InvalidOperationException($"turn {number} was due to an honest player, and {came} came");
                Turns = number + 1;
                await SendAsync(game, number + 1);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            throw new TimeoutException($"an honest player waited in vain after turn {Turns}");
        }
        finally
        {
            // The other one has nobody left to play with.
            await _stop.CancelAsync();
        }
    }

    private async Task SendAsync(TurnGame game, int number)
    {
        var turn = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        if (await game.SendAsync(turn, _stop.Token) is { } fault)
            throw new InvalidOperationException($"an honest player's turn {number} was refused: {fault.Meaning}");
    }
}
