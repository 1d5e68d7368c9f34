using System.Diagnostics;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// One player's part in one game. It sends a turn whenever one is due, never waiting for the one before, until it has
/// sent the last; it receives until it has the partner's last. Then the one in seat 0 quits, and the other must be told
/// so after all else.
/// </summary>
internal sealed class PlayedGame
{
    // As many as the client's outbox takes, so that the pacer never waits for room; what is due beyond is owed.
    private const int UnderWayMax = 64;

    private readonly TurnGame _game;
    private readonly int _player;
    private readonly TurnStream _own;
    private readonly TurnStream _partners;
    private readonly int _turnsMax;
    private readonly PlayContext _context;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly Queue<long> _owed = new();

    // Done when no more are sent, and what became of each that was is known.
    private readonly TaskCompletionSource _allSent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the sender itself, until it closes.
    private int _underWay = 1;
    private int _isClosed;
    private int _number;
    private volatile bool _isPartnerDone;
    private volatile bool _isOver;
    private volatile bool _hasSentLast;

    public PlayedGame(TurnGame game, int player, TurnStream own, TurnStream partners, int turnsMax, PlayContext context)
    {
        _game = game;
        _player = player;
        _own = own;
        _partners = partners;
        _turnsMax = turnsMax;
        _context = context;
        context.Ledger.Join(partners, player);
    }

    /// <summary>A turn is due; for the pacer's thread, which is the only one that sends.</summary>
    public void Due(long dueAt)
    {
        if (_hasSentLast || _isOver)
            return;
        _owed.Enqueue(dueAt);
        // The sender's own one is in the count.
        while (!_hasSentLast && Volatile.Read(ref _underWay) <= UnderWayMax && _owed.TryDequeue(out var owedSince))
            Send(owedSince);
    }

    /// <summary>Plays to the end.</summary>
    /// <returns>Null, or the error that ended it early.</returns>
    public async Task<string?> RunAsync()
    {
        try
        {
            await ReceiveAsync();
            if (_game.Ended is not null)
                StopSending();
            await _allSent.Task.WaitAsync(_context.Aborting);
            // Both go by the server's word: who was left tells it too, or the seat would wait to fall silent.
            var fault = await _game.QuitAsync(_context.Aborting) ?? _game.Ended;
            var isInOrder = _isPartnerDone && _hasSentLast && (fault is null || fault.HasPartnerQuit);
            if (isInOrder)
                _context.Recorder.CountSeat();
            return isInOrder ? null : fault?.Meaning ?? "the game ended before its last turns";
        }
        catch (OperationCanceledException) when (_context.Aborting.IsCancellationRequested)
        {
            return "the game could not be ended within the time of grace";
        }
        finally
        {
            StopSending();
            if (_game.Ended is { Error: not ErrorCode.None })
                _own.EndRefused();
            _context.Ledger.Leave(_own);
            _context.Ledger.Leave(_partners);
        }
    }

    private async Task ReceiveAsync()
    {
        await foreach (var text in _game.ReceiveAsync(_context.Aborting))
        {
            if (_context.Ledger.Take(_partners, _player, text.Span) is { } turn)
                _context.Recorder.CountReceived(turn.DueAt);
            if (!_partners.Checker.HasLast)
                continue;
            _isPartnerDone = true;
            if (_game.Seat == 0)
                return;
        }
    }

    private bool IsTimeForLast => _number + 1 >= _turnsMax || _isPartnerDone
        || _context.Stopping.IsCancellationRequested
        || Stopwatch.GetElapsedTime(_startedAt) > _context.Options.GameLongest;

    private void Send(long dueAt)
    {
        var turn = new TestTurn(IsTimeForLast, _own.Id, _number++, dueAt);
        Interlocked.Increment(ref _underWay);
        _own.CountSent();
        _context.Recorder.CountSent();
        // Awaited by the count of those under way.
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
        _own.CountTaken(turn.Number);
        _context.Recorder.CountTaken(turn.DueAt);
        return null;
    });

    // At the pace of play: the request that carries the turn waits for the partner's next one. That all of them were
    // taken is known when the last one is, which is sent.
    private Task PostAsync(TestTurn turn) => CountAsync(() => _game.PostAsync(turn.Compose()));

    // Its bugs come out where the count is waited for.
    private async Task CountAsync(Func<ValueTask<TurnFault?>> handOverAsync)
    {
        try
        {
            if (await handOverAsync() is { } fault && fault.Error != ErrorCode.None)
                _own.CountRefused();
        }
        catch (OperationCanceledException)
        {
            // The game was left with this turn on its way.
        }
        catch (InvalidOperationException) when (_isOver)
        {
            // It was left between the look and the sending.
            _own.CountRefused();
        }
        catch (Exception bug)
        {
            _allSent.TrySetException(bug);
        }
        finally
        {
            Land();
        }
    }

    private void StopSending()
    {
        _isOver = true;
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
            Land();
    }

    private void Land()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
            _allSent.TrySetResult();
    }
}
