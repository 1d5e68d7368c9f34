using System.Runtime.CompilerServices;
using System.Text.Unicode;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>
/// One seat of a game. Turns arrive exactly once and in order, even if requests and replies are lost. Thread-safe,
/// except that only one thread may receive. A background loop keeps the seat alive until <see cref="DisposeAsync"/>.
/// </summary>
public sealed class TurnGame : IAsyncDisposable
{
    /// <summary>The longest turn, in bytes: the longest body minus what its other fields can take.</summary>
    public const int TurnBytesMax = ProtocolLimits.BodyBytesMax - 64;

    private readonly Uri _url;
    private readonly RequestSender _sender;
    private readonly SeatRequests _requests;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private readonly SeatMachine _machine;
    private readonly SeatLoop _loop;
    private readonly WakeSignal _wakeSignal = new();

    internal TurnGame(RequestSender sender, Uri url, TurnClientOptions options, Pairing pairing, string key,
        string number, SavedGame? saved = null)
    {
        _sender = sender;
        _url = url;
        _requests = new SeatRequests(key, number);
        Pairing = pairing;
        _outbox = new Outbox(_wakeSignal, saved?.Outbox);
        _inbox = new Inbox(_wakeSignal, saved?.Inbox);
        _machine = new SeatMachine(_requests, _outbox, _inbox, options);
        if (saved is not null)
            _machine.Resume(saved);
        _loop = new SeatLoop(sender, _machine, options, _wakeSignal);
        _loop.Start();
    }

    /// <summary>The partner, and who hosts.</summary>
    public Pairing Pairing { get; }

    /// <summary>The number of this player's seat: 0 if it was ready last, 1 if it was ready first.</summary>
    public int Seat => _requests.Number == "0" ? 0 : 1;

    /// <summary>Why the game is over; null while it is on.</summary>
    public TurnFault? Ended => _machine.Ended;

    /// <summary>
    /// For how long the server had not heard from the partner when it sent its last reply, in whole seconds; null
    /// before the first such reply (PROTOCOL.md, "Knowing about the partner").
    /// </summary>
    public TimeSpan? PartnerSilent => _loop.PartnerSilent;

    /// <summary>
    /// How many of the partner's turns were acknowledged after the game was saved, and are lost to a resumed game. Zero
    /// with <see cref="TurnClientOptions.SavesEachTurn"/>.
    /// </summary>
    public long Missed => _machine.Missed;

    /// <summary>
    /// Comes back to a game that was saved, in this process or another; the saved one must not be used any more. What
    /// was sent arrives once, whether or not the server had taken it.
    /// </summary>
    /// <param name="http">
    /// Sends the requests, or opens the WebSocket, as the URL says that the game was saved with; see <see
    /// cref="TurnClient.CreateHttp"/>.
    /// </param>
    /// <param name="saved">What <see cref="Save"/> returned.</param>
    /// <param name="options">Timeouts and intervals; null: the defaults.</param>
    /// <param name="cancel">Cancels at once.</param>
    /// <returns>The game, or why it is over or cannot be resumed.</returns>
    /// <exception cref="FormatException">The text is not a saved game.</exception>
    public static async Task<TurnResult<TurnGame>> ResumeAsync(HttpMessageInvoker http, string saved,
        TurnClientOptions? options = null, CancellationToken cancel = default)
    {
        var content = SavedGame.Read(saved);
        options ??= new TurnClientOptions();
        return await ResumeAsync(TurnClient.CreateTransport(http, content.Url, options), content, options, cancel);
    }

    /// <summary>Comes back to a game over this transport, whatever URL it was saved with.</summary>
    internal static async Task<TurnResult<TurnGame>> ResumeAsync(IRequestTransport transport, SavedGame content,
        TurnClientOptions options, CancellationToken cancel)
    {
        var game = new TurnGame(new RequestSender(transport, options), content.Url, options,
            new Pairing(content.IsHost, content.Partner), content.Key, content.Seat == 0 ? "0" : "1", content);
        try
        {
            await game._machine.Resumed.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            await game.DisposeAsync();
            throw;
        }

        // A game that is over may still have turns to read.
        if (game.Ended is not { } fault || game._inbox.GetContent().Unread.Count > 0)
            return game;
        await game.DisposeAsync();
        return fault;
    }

    /// <summary>
    /// What is needed to come back to this game with <see cref="ResumeAsync"/>: server, key, seat, counts, turns that
    /// the server has not taken, and turns that were not read, as one line of text. Store it together with the state of
    /// your game, and then call <see cref="Saved"/>. Whoever has it can play this seat.
    /// </summary>
    /// <remarks>
    /// A turn counts as read once <see cref="ReceiveAsync"/> has returned it, so save where turns are read, when your
    /// state has the turn. Save again after a turn was refused as too long, before the next is sent.
    /// </remarks>
    /// <param name="next">
    /// The turn that you will send next, once this is stored: it is sent once, now or by the resumed game.
    /// </param>
    /// <exception cref="ArgumentException">The turn is not valid.</exception>
    public string Save(ReadOnlyMemory<byte> next = default)
    {
        if (!next.IsEmpty)
            Check(next.Span);
        // The partner's turns last: what has come meanwhile is not acknowledged before it is saved.
        var outbox = _outbox.GetContent();
        var inbox = _inbox.GetContent();
        return new SavedGame
        {
            Version = 1,
            Url = _url,
            Key = _requests.Key,
            Seat = Seat,
            Partner = Pairing.Partner,
            IsHost = Pairing.IsHost,
            Counter = _machine.Counter,
            Taken = outbox.Taken,
            Last = SavedGame.Texts(outbox.Last),
            Unsent = SavedGame.Texts(next.IsEmpty ? outbox.Unsent : [.. outbox.Unsent, next]),
            Received = inbox.Received,
            Unread = SavedGame.Texts(inbox.Unread),
        }.Write();
    }

    /// <summary>The app has stored this text: see <see cref="TurnClientOptions.SavesEachTurn"/>.</summary>
    /// <param name="saved">What <see cref="Save"/> returned.</param>
    /// <exception cref="FormatException">The text is not a saved game.</exception>
    public void Saved(string saved)
    {
        _machine.NoteSaved(SavedGame.Read(saved).Received);
        _wakeSignal.Set();
    }

    /// <summary>
    /// Sends a turn; completes when the server has taken it. Several calls may be pending: turns go out in the order of
    /// the calls, and those that wait at the same time share a request.
    /// </summary>
    /// <param name="turn">
    /// 1 to <see cref="TurnBytesMax"/> bytes of UTF-8 without <c>|</c>, which separates turns on the wire.
    /// </param>
    /// <param name="cancel">Cancels waiting; the turn may still be sent.</param>
    /// <returns>
    /// Null, or why the server has not taken it. With <see cref="ErrorCode.OverContentLength"/> the turn is too long
    /// for the server or a proxy in front of it, and the game continues; with any other fault the game is over.
    /// </returns>
    /// <exception cref="ArgumentException">The turn is not valid.</exception>
    public Task<TurnFault?> SendAsync(ReadOnlyMemory<byte> turn, CancellationToken cancel = default) =>
        SendAsync(turn, endsGame: false, cancel);

    /// <summary>
    /// As <see cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, for turns that are useless without the ones
    /// before them: a turn that is too long for the server ends the game.
    /// </summary>
    internal Task<TurnFault?> StreamAsync(ReadOnlyMemory<byte> turn, CancellationToken cancel = default) =>
        SendAsync(turn, endsGame: true, cancel);

    /// <summary>
    /// Queues a turn to be sent; completes when there is room for it in the queue. The request that carries it also
    /// waits for the partner's next turn, so that alternating play costs one request a turn. If the turn cannot be sent
    /// the game is over: see <see cref="Ended"/>.
    /// </summary>
    /// <param name="turn">As in <see cref="SendAsync"/>.</param>
    /// <param name="cancel">Cancels waiting for room.</param>
    /// <returns>Null, or why the game is over.</returns>
    /// <exception cref="ArgumentException">The turn is not valid.</exception>
    public ValueTask<TurnFault?> PostAsync(ReadOnlyMemory<byte> turn, CancellationToken cancel = default) =>
        EnqueueAsync(new OutgoingTurn(turn, null, EndsGame: true), cancel);

    /// <summary>
    /// The partner's turns, from where the last call stopped, until the game ends; <see cref="Ended"/> says why. A
    /// player that does not read exerts back-pressure: the partner can send no more than the server's and this client's
    /// buffers hold, and once they are full this player cannot send either.
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
    /// Leaves the game after the server has taken all queued turns. Calls that still wait for room in the queue fail.
    /// </summary>
    /// <returns>Null, or why the game had ended before.</returns>
    public async Task<TurnFault?> QuitAsync(CancellationToken cancel = default)
    {
        _outbox.Finish();
        await _loop.WaitAsync(cancel);
        return await LeaveAsync(cancel);
    }

    /// <summary>Leaves the game at once and drops queued turns.</summary>
    public async Task AbandonAsync(CancellationToken cancel = default)
    {
        await DisposeAsync();
        await LeaveAsync(cancel);
    }

    /// <summary>Ends the loop. Without <see cref="QuitAsync"/> before, the server drops this player later.</summary>
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
        // A copy: the caller may reuse its buffer as soon as the call completes.
        if (await _outbox.PutAsync(turn with { Bytes = turn.Bytes.ToArray() }, cancel))
            return null;
        return Ended ?? throw new InvalidOperationException("This player has left the game.");
    }

    private static void Check(ReadOnlySpan<byte> turn)
    {
        if (turn.Length is 0 or > TurnBytesMax)
            throw new ArgumentException($"A turn has 1 to {TurnBytesMax} bytes, not {turn.Length}.", nameof(turn));
        if (turn.Contains((byte)'|'))
            throw new ArgumentException("A turn cannot contain |, which separates turns on the wire.", nameof(turn));
        if (!Utf8.IsValid(turn))
            throw new ArgumentException("A turn must be UTF-8: encode binary data, such as in Base64.", nameof(turn));
    }

    private async Task<TurnFault?> LeaveAsync(CancellationToken cancel)
    {
        // The loop has tried for long enough.
        if (Ended is { Kind: TurnFaultKind.Unreachable or TurnFaultKind.NotTurnServer } gone)
            return gone;
        var left = await _sender.SendAsync(new OutgoingRequest(_requests.Quit()), cancel);
        // An earlier attempt whose reply was lost may have ended it, or the partner left first.
        var fault = left.Fault is { Kind: TurnFaultKind.SeatGone } ? null : left.Fault;
        return Ended ?? fault;
    }
}
