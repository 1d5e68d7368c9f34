using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>
/// The one that speaks for a seat: a single loop owns the counter, so that updates go out one after the other. It sends
/// what is in the outbox; with nothing to send it has the server hold a reply while somebody waits for turns, and
/// otherwise asks now and then so that the seat is heard from.
/// </summary>
/// <remarks>
/// An update acknowledges the block before it, and a copy of the one before it may still reach the server and add to
/// that block: one that was given up, or one that something on the way sent twice. So each update says how much of the
/// last block has arrived (PROTOCOL.md, "Saying what has arrived"). That is also how a turn goes out beside a held
/// reply, at once: the reply is no longer looked at, and what it held comes again.
/// </remarks>
internal sealed class SeatLoop(RequestSender sender, TurnClientOptions options, SeatRequests seat,
    Outbox outbox, Inbox inbox, WakeSignal wakeSignal) : IAsyncDisposable
{
    private static readonly TimeSpan FullPauseFirst = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan FullPauseLongest = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<OutgoingTurn> _batch = [];
    private readonly ReceivedBlock _block = new(inbox);
    private Task _running = Task.CompletedTask;
    private Task _cutShort = Task.CompletedTask;

    // The last update taken.
    private OutgoingRequest _last;
    private long _counter = -1;

    // Updates of which no answer has been seen, and which the next one takes for taken.
    private readonly List<OutgoingRequest> _unconfirmed = [];

    // Less than a turn's length once the server, or a proxy before it, has refused so much.
    private int _batchBytesMax = TurnGame.TurnBytesMax;
    private bool _canHold = true;
    private long _lastHeardAt = options.Time.GetTimestamp();
    private volatile TurnFault? _ended;

    /// <summary>Why the game is over; null while it is on.</summary>
    public TurnFault? Ended => _ended;

    /// <summary>Starts to play.</summary>
    public void Start() => _running = RunAsync();

    /// <summary>
    /// Done when the game is over, or the outbox is completed and sent. Throws nothing but bugs, and what cancellation
    /// throws.
    /// </summary>
    public Task WaitAsync(CancellationToken cancel) => _running.WaitAsync(cancel);

    /// <summary>Ends the loop at once. A bug of its own shows to who receives or waits.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _cutShort;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        Exception? failure = null;
        try
        {
            while (_ended is null && !outbox.IsFinished)
                await StepAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The player is done with it.
        }
        catch (Exception bug)
        {
            failure = bug;
            throw;
        }
        finally
        {
            outbox.Drop(_batch, _ended, failure);
            inbox.Complete(failure);
        }
    }

    private async Task StepAsync()
    {
        // Taken before looking, so that nothing that comes meanwhile is missed.
        var woken = wakeSignal.Next(_stop.Token);
        if (outbox.HasTurns && (inbox.HasRoom || outbox.IsLast))
        {
            await SendAsync();
            return;
        }

        var isReaderWaiting = inbox.IsReaderWaiting;
        var pause = Silence(isReaderWaiting) - options.Time.GetElapsedTime(_lastHeardAt);
        if (pause > TimeSpan.Zero && !outbox.IsFinished)
            await PauseAsync(woken, pause);
        else if (!inbox.HasRoom)
            Deliver(await sender.AskAsync(_last, _stop.Token));
        else if (!outbox.IsFinished)
            await CollectAsync(isReaderWaiting ? options.Wait : TimeSpan.Zero);
    }

    // How long nothing need be asked after the last reply.
    private TimeSpan Silence(bool isReaderWaiting)
    {
        if (!isReaderWaiting || !inbox.HasRoom)
            return options.KeepAlive;
        if (_canHold && options.Wait > TimeSpan.Zero)
            return TimeSpan.Zero;
        return options.PollInterval < options.KeepAlive ? options.PollInterval : options.KeepAlive;
    }

    private async Task PauseAsync(Task woken, TimeSpan pause)
    {
        await woken.WaitAsync(pause, options.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Token.ThrowIfCancellationRequested();
    }

    private async Task CollectAsync(TimeSpan wait)
    {
        var update = NextUpdate(wait, isEmpty: true);
        Take(update, await UpdateAsync(update));
    }

    private async Task SendAsync()
    {
        outbox.TakeBatch(_batch, _batchBytesMax);
        // Whoever waits to hear that it was taken must not wait for the partner's turn, nor what comes next.
        var isAwaited = outbox.HasTurns || outbox.IsLast || _batch.Exists(turn => turn.Taken is not null);
        var update = NextUpdate(isAwaited ? TimeSpan.Zero : options.Wait);
        var outcome = await UpdateAsync(update);
        if (outcome.Reply.Error == ErrorCode.GameCacheMaxed)
            (update, outcome) = await SendToFullAsync(update, outcome);
        if (outcome.Reply.Error == ErrorCode.OverContentLength)
        {
            Refuse(outcome.Fault!);
            return;
        }

        Take(update, outcome);
        foreach (var turn in _batch)
            turn.Taken?.TrySetResult(outcome.Fault);
        _batch.Clear();
    }

    // Too long for the server, or a proxy before it: several turns are sent by fewer, and one is refused alone. Its
    // counter has not been taken.
    private void Refuse(TurnFault fault)
    {
        _lastHeardAt = options.Time.GetTimestamp();
        if (_batch.Count > 1)
        {
            _batchBytesMax = _batch.Sum(turn => turn.Bytes.Length) / 2;
            outbox.Return(_batch);
            return;
        }

        var turn = _batch[0];
        if (turn.EndsGame)
            _ended = fault;
        turn.Taken?.TrySetResult(fault);
        _batch.Clear();
    }

    private OutgoingRequest NextUpdate(TimeSpan wait, bool isEmpty = false) =>
        new(seat.Update(isEmpty ? [] : _batch, _counter + 1), wait, _counter < 0 ? null : _block.Length);

    // A copy of the update may come late and be taken, so the very same one is repeated until it is (PROTOCOL.md,
    // "Rules for clients"). Meanwhile this player collects by repeating the last counter, which acknowledges nothing.
    private async Task<(OutgoingRequest Update, RequestOutcome Outcome)> SendToFullAsync(OutgoingRequest update,
        RequestOutcome outcome)
    {
        for (var pause = FullPauseFirst; outcome.Reply.Error == ErrorCode.GameCacheMaxed; pause *= 2)
        {
            pause = pause < FullPauseLongest ? pause : FullPauseLongest;
            await Task.Delay(pause, options.Time, _stop.Token);
            if (inbox.HasRoom && _counter >= 0)
            {
                await LookAsync();
                if (_ended is null && _block.IsCrowded && await TryFreeCounterAsync(update.ReceivedBytes ?? 0))
                    update = NextUpdate(TimeSpan.Zero);
                if (_ended is not null)
                    return (update, outcome with { Fault = _ended });
            }

            outcome = await UpdateAsync(update);
        }

        return (update, outcome);
    }

    private async Task LookAsync()
    {
        var block = await sender.AskAsync(_last, _stop.Token);
        // The update that was refused has been taken after all: it is repeated next, and hears so.
        if (block.Reply.Error != ErrorCode.PlayerStateBehind)
            Deliver(block);
    }

    // Both backlogs may be full. An empty update under the counter of the refused turn acknowledges; its reply shows
    // which of the two was taken. False: the turn was, or the game is over.
    private async Task<bool> TryFreeCounterAsync(int turnReceivedBytes)
    {
        var update = NextUpdate(TimeSpan.Zero, isEmpty: true) with
        {
            ReceivedBytes = _block.DistinctFrom(turnReceivedBytes),
        };
        var outcome = await sender.AskAsync(update, _stop.Token);
        if (outcome.Fault is null && _block.ShowsTurnTaken(outcome.Reply, turnReceivedBytes))
            return false;
        Take(update, outcome);
        // What that one did not acknowledge.
        if (_ended is null)
            await CollectAsync(TimeSpan.Zero);
        return _ended is null;
    }

    private async Task<RequestOutcome> UpdateAsync(OutgoingRequest update)
    {
        var outcome = await AskAsync(update);
        if (_unconfirmed.Count > 0 && outcome.Reply.Error == ErrorCode.PlayerStateAhead)
        {
            // The one before never reached the server.
            foreach (var before in _unconfirmed)
            {
                var confirmed = await sender.AskAsync(before, _stop.Token);
                // Or it came a moment later and this one's lost attempt behind it: then the server has gone on, and
                // says so.
                if (confirmed.Fault is not null && confirmed.Reply.Error != ErrorCode.PlayerStateBehind)
                    return confirmed;
            }

            outcome = await AskAsync(update);
        }

        // A refusal for its length says nothing of the one before.
        if (outcome.IsUnseen)
            _unconfirmed.Add(update with { Wait = TimeSpan.Zero });
        else if (outcome.Reply.Error != ErrorCode.OverContentLength)
            _unconfirmed.Clear();
        return outcome;
    }

    // Asks until there is an answer. One that is held is cut short when there is something to send.
    private async Task<RequestOutcome> AskAsync(OutgoingRequest update)
    {
        if (update.Wait == TimeSpan.Zero)
            return await sender.AskAsync(update, _stop.Token);
        var letGo = new CancellationTokenSource();
        var held = sender.AskAsync(update, _stop.Token, letGo.Token);
        while (!held.IsCompleted && !_stop.IsCancellationRequested)
        {
            var woken = wakeSignal.Next(_stop.Token);
            if (outbox.HasTurns || outbox.IsFinished)
            {
                _cutShort = LetGoAsync(_cutShort, held, letGo);
                // Turns that it carries must be known to be taken, or refused, before others follow them.
                return _batch.Count == 0
                    ? RequestOutcome.Unseen
                    : await sender.AskAsync(update with { Wait = TimeSpan.Zero }, _stop.Token);
            }

            await Task.WhenAny(held, woken);
        }

        RequestOutcome news;
        using (letGo)
            news = await held;
        var isEmpty = news.Reply.Code == ReplyCode.GameNoData || news.Reply.Data.Span is [(byte)'*'];
        _canHold = news.Reply.WasHeld || (_canHold && !isEmpty);
        return news;
    }

    // Sees a held request to its end, whatever that is.
    private static async Task LetGoAsync(Task before, Task held, CancellationTokenSource letGo)
    {
        await letGo.CancelAsync();
        await held.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        letGo.Dispose();
        await before;
    }

    private void Take(OutgoingRequest update, in RequestOutcome outcome)
    {
        if (outcome.Fault is null)
        {
            _counter++;
            _last = update with { Wait = TimeSpan.Zero };
            _block.Acknowledge(update.ReceivedBytes ?? 0);
        }

        Deliver(outcome);
    }

    private void Deliver(in RequestOutcome outcome)
    {
        _lastHeardAt = options.Time.GetTimestamp();
        if (outcome.Fault is null)
            _block.Deliver(outcome.Reply);
        else
            _ended = outcome.Fault;
    }
}
