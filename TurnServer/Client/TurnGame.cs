using System.Runtime.CompilerServices;
using System.Text.Unicode;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>
/// One seat of a game: turns go out and come in, each once and in order, whatever requests and replies are lost. May be
/// used from several threads; only one may receive. A loop of its own keeps the seat heard from until <see
/// cref="DisposeAsync"/>.
/// </summary>
public sealed class TurnGame : IAsyncDisposable
{
    /// <summary>The longest turn, in bytes: a request's body less the most that its other fields take.</summary>
    public const int TurnBytesMax = ProtocolLimits.BodyBytesMax - 64;

    private readonly RequestSender _sender;
    private readonly SeatRequests _seat;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private readonly SeatLoop _loop;

    internal TurnGame(RequestSender sender, TurnClientOptions options, Pairing pairing, string key, string number)
    {
        _sender = sender;
        _seat = new SeatRequests(key, number);
        Pairing = pairing;
        var wakeSignal = new WakeSignal();
        _outbox = new Outbox(wakeSignal);
        _inbox = new Inbox(wakeSignal);
        _loop = new SeatLoop(sender, options, _seat, _outbox, _inbox, wakeSignal);
        _loop.Start();
    }

    /// <summary>With whom this game is.</summary>
    public Pairing Pairing { get; }

    /// <summary>The number of this player's seat: 0 for the one who was ready last, 1 for the other.</summary>
    public int Seat => _seat.Number == "0" ? 0 : 1;

    /// <summary>Why the game is over; null while it is on.</summary>
    public TurnFault? Ended => _loop.Ended;

    /// <summary>
    /// Sends a turn; done when the server has taken it. Several may be under way: they go out in the order of the
    /// calls, those that wait together in one request.
    /// </summary>
    /// <param name="turn">
    /// 1 to <see cref="TurnBytesMax"/> bytes of UTF-8 without <c>|</c>, which separates turns on the wire.
    /// </param>
    /// <param name="cancel">Ends the waiting; the turn may go out nonetheless.</param>
    /// <returns>
    /// Null, or why the server has not taken it. With <see cref="ErrorCode.OverContentLength"/> this turn alone is too
    /// long for the server or a proxy before it, and the game goes on; with any other fault it is over.
    /// </returns>
    /// <exception cref="ArgumentException">The turn cannot be sent.</exception>
    public Task<TurnFault?> SendAsync(ReadOnlyMemory<byte> turn, CancellationToken cancel = default) =>
        SendAsync(turn, endsGame: false, cancel);

    /// <summary>
    /// As <see cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, for a turn without which those behind it
    /// are worth nothing: if it is too long for the server the game is over.
    /// </summary>
    internal Task<TurnFault?> StreamAsync(ReadOnlyMemory<byte> turn, CancellationToken cancel = default) =>
        SendAsync(turn, endsGame: true, cancel);

    /// <summary>
    /// Hands a turn over to be sent; done when there is room for it. The request that carries it also waits for the
    /// partner's next turn, so that play turn by turn costs one request a turn. That it cannot be sent, for its length
    /// or another reason, ends the game, as there is nobody else to tell: it shows in <see cref="Ended"/>.
    /// </summary>
    /// <param name="turn">As in <see cref="SendAsync"/>.</param>
    /// <param name="cancel">Ends the waiting for room.</param>
    /// <returns>Null, or why the game is over.</returns>
    /// <exception cref="ArgumentException">The turn cannot be sent.</exception>
    public ValueTask<TurnFault?> PostAsync(ReadOnlyMemory<byte> turn, CancellationToken cancel = default) =>
        EnqueueAsync(new OutgoingTurn(turn, null, EndsGame: true), cancel);

    /// <summary>
    /// The partner's turns, from where the last call left off; ends when the game does, and <see cref="Ended"/> says
    /// why. Who does not read keeps the partner from sending more than the server's and this client's buffers hold, and
    /// once they are full cannot send either.
    /// </summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReceiveAsync(
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        while (await _inbox.WaitAsync(cancel))
        {
            while (_inbox.TryTake(out var turn))
            {
                yield return turn;
                cancel.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>
    /// Leaves the game after all that was sent or posted has been taken; what then still waits for room to be sent is
    /// not.
    /// </summary>
    /// <returns>Null, or why the game was over before.</returns>
    public async Task<TurnFault?> QuitAsync(CancellationToken cancel = default)
    {
        _outbox.Finish();
        await _loop.WaitAsync(cancel);
        return await LeaveAsync(cancel);
    }

    /// <summary>Leaves the game at once: what has not been sent is dropped.</summary>
    public async Task AbandonAsync(CancellationToken cancel = default)
    {
        await DisposeAsync();
        await LeaveAsync(cancel);
    }

    /// <summary>Ends the loop. Without <see cref="QuitAsync"/> before, the server notices by the silence.</summary>
    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private async Task<TurnFault?> SendAsync(ReadOnlyMemory<byte> turn, bool endsGame, CancellationToken cancel)
    {
        var taken = new TaskCompletionSource<TurnFault?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (await EnqueueAsync(new OutgoingTurn(turn, taken, endsGame), cancel) is { } fault)
            return fault;
        return await taken.Task.WaitAsync(cancel);
    }

    private async ValueTask<TurnFault?> EnqueueAsync(OutgoingTurn turn, CancellationToken cancel)
    {
        Check(turn.Bytes.Span);
        // A copy: the caller may use its buffer again as soon as a post is done.
        if (await _outbox.PutAsync(turn with { Bytes = turn.Bytes.ToArray() }, cancel))
            return null;
        return Ended ?? throw new InvalidOperationException("This player has left the game.");
    }

    private static void Check(ReadOnlySpan<byte> turn)
    {
        if (turn.Length is 0 or > TurnBytesMax)
            throw new ArgumentException($"A turn has 1 to {TurnBytesMax} bytes, not {turn.Length}.", nameof(turn));
        if (turn.Contains((byte)'|'))
            throw new ArgumentException("A turn cannot hold |, which separates turns on the wire.", nameof(turn));
        if (!Utf8.IsValid(turn))
            throw new ArgumentException("A turn must be UTF-8: encode bytes, as Base64 for one.", nameof(turn));
    }

    private async Task<TurnFault?> LeaveAsync(CancellationToken cancel)
    {
        // It has been asked for long enough.
        if (Ended is { Kind: TurnFaultKind.Unreachable or TurnFaultKind.NotTurnServer } gone)
            return gone;
        var left = await _sender.AskAsync(new OutgoingRequest(_seat.Quit()), cancel);
        // It may have gone with an attempt whose reply was lost, or with a partner who left first.
        var fault = left.Fault is { Kind: TurnFaultKind.SeatGone } ? null : left.Fault;
        return Ended ?? fault;
    }
}
