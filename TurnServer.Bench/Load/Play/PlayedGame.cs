using System.Diagnostics;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// One player's part in one game. It sends a turn whenever one is due, without waiting for the reply to the one before,
/// until its last; it receives until the partner's last. Then seat 0 quits, and seat 1 must learn that after all turns.
/// With <see cref="LoadSettings.ComeBack"/> it stores its game before each turn that it sends and after each that it
/// has received; it crashes now and then when a turn has come, and comes back from what it has stored.
/// </summary>
internal sealed class PlayedGame : IAsyncDisposable
{
    // The capacity of the client's outbox, so that the pacer never blocks; further turns wait in the backlog.
    private const int PendingMax = 64;

    private readonly int _player;
    private readonly TurnStream _own;
    private readonly TurnStream _partners;
    private readonly int _turnsMax;
    private readonly PlayContext _context;
    private readonly TurnClientOptions _client;
    private readonly Random _random;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly Queue<long> _backlog = new();

    // Completes when no more turns will be sent and the result of each is known.
    private readonly TaskCompletionSource _allSent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Turns without a result, and one for the sender itself until it stops.
    private int _pending = 1;

    // Held while a turn is stored and sent, so that no crash comes between.
    private readonly Lock _storing = new();
    private TurnGame _game;
    private string _stored = "";
    private int _stores;
    private bool _isAway;
    private int _isClosed;
    private int _number;
    private volatile bool _isPartnerDone;
    private volatile bool _isOver;
    private volatile bool _hasSentLast;

    /// <param name="game">Owned by this object.</param>
    /// <param name="player">The player's number.</param>
    /// <param name="own">The stream that it sends.</param>
    /// <param name="partners">The stream that it receives.</param>
    /// <param name="turnsMax">How many turns it sends at most.</param>
    /// <param name="context">What it shares with the other players.</param>
    /// <param name="client">How to come back to the game.</param>
    public PlayedGame(TurnGame game, int player, TurnStream own, TurnStream partners, int turnsMax, PlayContext context,
        TurnClientOptions client)
    {
        _game = game;
        _player = player;
        _own = own;
        _partners = partners;
        _turnsMax = turnsMax;
        _context = context;
        _client = client;
        _random = new Random(HashCode.Combine(context.Options.Seed, own.Id));
        context.Ledger.SetReceiver(partners, player);
        context.Options.Observer?.OnBegun(partners.Id);
    }

    /// <summary>A turn is due; called on the pacer's thread, the only one that sends.</summary>
    public void OnDue(long dueAt)
    {
        if (_hasSentLast || _isOver)
            return;
        _backlog.Enqueue(dueAt);
        lock (_storing)
        {
            // The sender itself counts as one.
            while (!_isAway && !_hasSentLast && Volatile.Read(ref _pending) <= PendingMax
                && _backlog.TryDequeue(out var wasDueAt))
            {
                Send(wasDueAt);
            }
        }
    }

    /// <summary>Plays to the end.</summary>
    /// <returns>Null, or the error that ended it early.</returns>
    public async Task<string?> RunAsync()
    {
        try
        {
            if (ComesBack)
                Store();
            // It comes back too late if it crashed after the partner's last turn.
            TurnFault? tooLate = null;
            while (tooLate is null && !await ReceiveAsync())
                tooLate = await ComeBackAsync();
            if (tooLate is not null || _game.Ended is not null)
                StopSending();
            await _allSent.Task.WaitAsync(_context.Aborting);
            // Seat 1 quits too, so that its seat does not stay until its timeout.
            var fault = tooLate ?? await _game.QuitAsync(_context.Aborting) ?? _game.Ended;
            var hasEndedCleanly = _isPartnerDone && _hasSentLast && (fault is null || fault.HasPartnerQuit);
            if (hasEndedCleanly)
                _context.Recorder.CountSeat();
            return hasEndedCleanly ? null : fault?.Meaning ?? "the game ended before its last turns";
        }
        catch (OperationCanceledException) when (_context.Aborting.IsCancellationRequested)
        {
            return "the game did not end within the grace period";
        }
        finally
        {
            _context.Options.Observer?.OnEnded(_partners.Id);
            StopSending();
            if (_game.Ended is { Error: not ErrorCode.None })
                _own.EndRefused();
            _context.Ledger.Leave(_own);
            _context.Ledger.Leave(_partners);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _game.DisposeAsync();

    private bool ComesBack => _context.Options.Settings.ComeBack > 0;

    // False when it crashes.
    private async Task<bool> ReceiveAsync()
    {
        var stores = _stores;
        await foreach (var text in _game.ReceiveAsync(_context.Aborting))
        {
            var crashes = ComesBack && _random.NextDouble() < _context.Options.Settings.ComeBack;
            if (crashes && TryForget(stores))
                return false;
            if (_context.Ledger.Check(_partners, _player, text.Span) is { } turn)
            {
                _context.Recorder.CountReceived(turn.DueAt);
                _context.Options.Observer?.OnTurn(_partners.Id, Stopwatch.GetElapsedTime(turn.DueAt));
            }

            if (ComesBack)
                stores = Store();
            if (_partners.Checker.HasLast)
            {
                _isPartnerDone = true;
                _context.Options.Observer?.OnEnded(_partners.Id);
                if (_game.Seat == 0)
                    return true;
            }

            if (crashes)
                return false;
        }

        return true;
    }

    // A turn that was not stored comes again. The pacer's thread may have stored the game since, and the turn with it.
    private bool TryForget(int stores)
    {
        lock (_storing)
        {
            _isAway = stores == _stores;
            return _isAway;
        }
    }

    private int Store(ReadOnlyMemory<byte> next = default)
    {
        lock (_storing)
        {
            _stored = _game.Save(next);
            _game.Saved(_stored);
            return ++_stores;
        }
    }

    private async Task<TurnFault?> ComeBackAsync()
    {
        lock (_storing)
            _isAway = true;
        await _game.DisposeAsync();
        var resumed = await TurnGame.ResumeAsync(_context.Transport, SavedGame.Read(_stored), _client,
            _context.Aborting);
        if (resumed.Fault is { } fault)
            return fault;
        _context.Recorder.CountComeBack();
        lock (_storing)
        {
            _game = resumed.Value;
            _isAway = false;
        }

        return null;
    }

    private bool IsLastTurn => _number + 1 >= _turnsMax || _isPartnerDone
        || _context.Stopping.IsCancellationRequested
        || Stopwatch.GetElapsedTime(_startedAt) > _context.Options.GameDurationMax;

    private void Send(long dueAt)
    {
        var turn = new TestTurn(IsLastTurn, _own.Id, _number++, dueAt);
        Interlocked.Increment(ref _pending);
        _own.CountSent();
        _context.Recorder.CountSent();
        if (ComesBack)
            Store(turn.Compose());
        // Awaited through the count of pending turns.
        _ = _context.Options.Settings.Wait && !turn.IsLast ? PostAsync(turn) : SendAsync(turn);
        if (!turn.IsLast)
            return;
        _hasSentLast = true;
        StopSending();
    }

    private Task SendAsync(TestTurn turn) => CountAsync(async () =>
    {
        var fault = await _game.SendAsync(turn.Compose());
        if (fault is not null)
            return fault;
        _own.CountAccepted(turn.Number);
        _context.Recorder.CountAccepted(turn.DueAt);
        return null;
    });

    // The reply is held for the partner's next turn, so it is not awaited: when the last turn, which is sent with
    // SendAsync, is accepted, all before it were.
    private Task PostAsync(TestTurn turn) => CountAsync(() => _game.PostAsync(turn.Compose()));

    // Bugs surface where _allSent is awaited.
    private async Task CountAsync(Func<ValueTask<TurnFault?>> sendAsync)
    {
        try
        {
            if (await sendAsync() is { } fault && fault.Error != ErrorCode.None)
                _own.CountRefused();
        }
        catch (OperationCanceledException)
        {
            // The game was abandoned before the reply.
        }
        catch (InvalidOperationException) when (ComesBack)
        {
            // It was stored, and goes out once the player has come back.
        }
        catch (InvalidOperationException) when (_isOver)
        {
            // The game ended between the check and the sending.
            _own.CountRefused();
        }
        catch (Exception bug)
        {
            _allSent.TrySetException(bug);
        }
        finally
        {
            Complete();
        }
    }

    private void StopSending()
    {
        _isOver = true;
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
            Complete();
    }

    private void Complete()
    {
        if (Interlocked.Decrement(ref _pending) == 0)
            _allSent.TrySetResult();
    }
}
