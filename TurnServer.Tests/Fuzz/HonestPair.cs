using System.Globalization;
using System.Text;
using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>Two well-behaved players on the fuzzed server who count up, turn by turn.</summary>
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

    /// <summary>Whether the game has failed; <see cref="StopAsync"/> returns why.</summary>
    public bool HasFailed => _playing.IsCompleted;

    public static async Task<HonestPair> StartAsync(ServerChild server) =>
        new(await ClientPair.StartAsync(server.Url, new TurnClientOptions { Wait = TimeSpan.FromSeconds(2) }));

    /// <summary>Stops playing. Returns the failure, or null.</summary>
    public async Task<string?> StopAsync()
    {
        try
        {
            await _stop.CancelAsync();
            await _playing;
            return "the game of the well-behaved players has ended";
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
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            if (opens)
                await SendAsync(game, 0);
            await using var turns = game.ReceiveAsync(timeout.Token).GetAsyncEnumerator();
            for (var number = opens ? 1 : 0; ; number += 2)
            {
                timeout.CancelAfter(TestWait.Timeout);
                if (!await turns.MoveNextAsync())
                    return;
                var turn = Encoding.UTF8.GetString(turns.Current.Span);
                if (turn != number.ToString(CultureInfo.InvariantCulture))
                {
                    throw new InvalidOperationException(
                        $"a well-behaved player received turn {turn} instead of {number}");
                }

                Turns = number + 1;
                await SendAsync(game, number + 1);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            throw new TimeoutException($"a well-behaved player timed out after turn {Turns}");
        }
        finally
        {
            // Stops the other player too.
            await _stop.CancelAsync();
        }
    }

    private async Task SendAsync(TurnGame game, int number)
    {
        var turn = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        if (await game.SendAsync(turn, _stop.Token) is { } fault)
            throw new InvalidOperationException($"turn {number} of a well-behaved player was refused: {fault.Meaning}");
    }
}
