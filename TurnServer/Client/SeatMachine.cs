using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>
/// The client's rules for one seat of a game, without I/O, tasks or a clock: which request to send next, and what a
/// reply means. It sends the outbox's turns and delivers the partner's to the inbox. One thread drives it.
/// </summary>
/// <remarks>
/// An update acknowledges the previous block, and a late copy of an earlier update may still reach the server and add
/// to that block. So each update says how much of the last block has arrived (PROTOCOL.md, "Saying what has arrived").
/// That also allows a turn to go out while a reply is held: the held reply is abandoned and its data comes again.
/// </remarks>
internal sealed partial class SeatMachine(SeatRequests requests, Outbox outbox, Inbox inbox, TurnClientOptions options)
{
    private static readonly TimeSpan FullPauseFirst = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan FullPauseLongest = TimeSpan.FromMilliseconds(250);

    private readonly ReceivedBlock _block = new(inbox);
    private State _state;
    private OutgoingRequest _request;

    // The next update to be accepted, and the last accepted one.
    private OutgoingRequest _update;
    private OutgoingRequest _lastAccepted;
    private long _counter = -1;

    // How many of the partner's turns are in the last saved game; −1: none was saved.
    private long _savedReceived = -1;

    // Updates whose replies were abandoned; the next update assumes that they were taken.
    private readonly List<OutgoingRequest> _unconfirmed = [];
    private int _confirmedCount;

    // Lowered once the server, or a proxy in front of it, has refused a longer one.
    private int _batchBytesMax = TurnGame.TurnBytesMax;
    private bool _canHold = true;
    private TimeSpan _lastHeardAt;
    private TimeSpan _fullPause;
    private TimeSpan _retryAt;
    private readonly TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TurnFault? _ended;

    private enum State
    {
        Idle,

        /// <summary>The update is under way.</summary>
        Updating,

        /// <summary>The server lacks an unconfirmed update: resends the unconfirmed ones first.</summary>
        Confirming,

        /// <summary>The partner's backlog has no room for the update.</summary>
        BacklogFull,

        /// <summary>Repeats the last update to collect the partner's turns; this acknowledges nothing.</summary>
        Repeating,

        /// <summary>Asks for the last counter, and for how many turns the server has taken.</summary>
        Resuming,

        /// <summary>Sends an empty update under the refused update's counter, to acknowledge.</summary>
        FreeingCounter,
    }

    /// <summary>Why the game is over; null while it continues. May be read from any thread.</summary>
    public TurnFault? Ended => _ended;

    /// <summary>Whether to abandon the held reply, because there is something to send.</summary>
    public bool ShouldAbandonHeldReply => outbox.HasTurns || outbox.IsFinished;

    /// <summary>The last counter taken; −1 before the first. May be read from any thread.</summary>
    public long Counter => Interlocked.Read(ref _counter);

    /// <summary>Completes when a saved game is resumed, or over.</summary>
    public Task Resumed => _resumed.Task;

    /// <summary>How many of the partner's turns are missing in a resumed game. May be read from any thread.</summary>
    public long Missed => _block.Missed;

    /// <summary>A game was saved with this many of the partner's turns. Any thread.</summary>
    public void NoteSaved(long received) => Interlocked.Exchange(ref _savedReceived, received);

    /// <summary>What to do next.</summary>
    /// <param name="now">Time since the game began.</param>
    public SeatStep Next(TimeSpan now)
    {
        if (_state == State.Idle)
            return Begin(now);
        if (_state == State.BacklogFull && now < _retryAt)
            return Pause(_retryAt - now);
        if (_state == State.BacklogFull)
            Retry();
        return new SeatStep(SeatStepKind.Send, _request);
    }

    /// <summary>The request of the last step has been answered, or has failed for good.</summary>
    public void Complete(in RequestOutcome outcome, TimeSpan now)
    {
        if (_request.Wait > TimeSpan.Zero)
            _canHold = outcome.Reply.WasHeld || (_canHold && !IsEmpty(outcome.Reply));
        switch (_state)
        {
            case State.Updating when _confirmedCount == 0 && _unconfirmed.Count > 0
                && outcome.Reply.Error == ErrorCode.PlayerStateAhead:
                Send(State.Confirming, _unconfirmed[0]);
                break;
            case State.Updating when IsOvertaken(outcome.Reply):
                AskWhereTheGameStands();
                break;
            case State.Updating:
                // Length is checked before the counter: this refusal tells nothing about earlier updates.
                if (outcome.Reply.Error != ErrorCode.OverContentLength)
                    _unconfirmed.Clear();
                Finish(outcome, now);
                break;
            case State.Resuming:
                FinishResuming(outcome, now);
                break;
            case State.Confirming:
                Confirm(outcome, now);
                break;
            case State.Repeating:
                Repeat(outcome, now);
                break;
            case State.FreeingCounter:
                FreeCounter(outcome, now);
                break;
        }
    }

    /// <summary>The request of the last step, whose reply was held, has been abandoned.</summary>
    public void Abandon(TimeSpan now)
    {
        // The result of these turns must be known before others are sent.
        if (outbox.Batch.Count > 0)
        {
            _request = _request with { Wait = TimeSpan.Zero };
            return;
        }

        _unconfirmed.Add(_request with { Wait = TimeSpan.Zero });
        Finish(RequestOutcome.Assumed, now);
    }

    /// <summary>Ends the game: turns that have not been sent are completed, cancelled or failed.</summary>
    /// <param name="bug">The exception that ended the loop; null if none.</param>
    public void Close(Exception? bug)
    {
        outbox.Drop(_ended, bug);
        inbox.Complete(bug);
        _resumed.TrySetResult();
    }

    private SeatStep Begin(TimeSpan now)
    {
        if (_ended is not null || outbox.IsFinished)
            return new SeatStep(SeatStepKind.Stop);
        // Nothing is sent before the first save: until then the registration's token leads back to the game.
        if (options.SavesEachTurn && SavedReceived < 0 && !outbox.IsLast)
            return Pause(options.KeepAlive);
        if (_counter < _fence)
        {
            StartUpdate(TimeSpan.Zero);
            return new SeatStep(SeatStepKind.Send, _request);
        }

        if (outbox.HasTurns && (inbox.HasRoom || outbox.IsLast))
        {
            outbox.TakeBatch(_batchBytesMax);
            _fullPause = FullPauseFirst;
            // Ask for a held reply only if neither a sender nor further turns wait for this update's result.
            var isAwaited = outbox.HasTurns || outbox.IsLast || outbox.Batch.Any(turn => turn.Taken is not null);
            StartUpdate(isAwaited ? TimeSpan.Zero : options.HeldWait);
            return new SeatStep(SeatStepKind.Send, _request);
        }

        var isReaderWaiting = inbox.IsReaderWaiting;
        var pause = SilenceMax(isReaderWaiting) - (now - _lastHeardAt);
        if (pause > TimeSpan.Zero)
            return Pause(pause);
        if (_counter >= 0 && (!inbox.HasRoom || HasUnsaved))
            Send(State.Repeating, _lastAccepted);
        else
            StartUpdate(isReaderWaiting ? options.HeldWait : TimeSpan.Zero);
        return new SeatStep(SeatStepKind.Send, _request);
    }

    // How long to send nothing after the last reply.
    private TimeSpan SilenceMax(bool isReaderWaiting)
    {
        if (!isReaderWaiting || !inbox.HasRoom || HasUnsaved)
            return options.KeepAlive;
        if (_canHold && options.HeldWait > TimeSpan.Zero)
            return TimeSpan.Zero;
        return options.PollInterval < options.KeepAlive ? options.PollInterval : options.KeepAlive;
    }

    private long SavedReceived => Interlocked.Read(ref _savedReceived);

    // Turns that no saved game has are not acknowledged, and no reply is held while there are any.
    private bool HasUnsaved => AcknowledgeableBytes < _block.Length;

    private int AcknowledgeableBytes
    {
        get
        {
            // A resumed game takes no further blocks while the inbox is full.
            if (_counter < _fence && !inbox.HasRoom)
                return 0;
            return options.SavesEachTurn ? _block.LengthOf(SavedReceived) : _block.Length;
        }
    }

    private static SeatStep Pause(TimeSpan pause) => new(SeatStepKind.Pause, Pause: pause);

    // With other codes * is a turn.
    private static bool IsEmpty(in ServerReply reply) => reply.Code == ReplyCode.GameNoData
        || (reply.Code == ReplyCode.GameRedundant && reply.Data.Span is [(byte)'*']);

    private void Send(State state, OutgoingRequest request) => (_state, _request) = (state, request);

    private void StartUpdate(TimeSpan wait)
    {
        _update = Compose(outbox.Batch, wait);
        SendUpdate();
    }

    private void SendUpdate()
    {
        _confirmedCount = 0;
        ResendUpdate();
    }

    // Not held any more once other turns wait for its result.
    private void ResendUpdate() =>
        Send(State.Updating, ShouldAbandonHeldReply ? _update with { Wait = TimeSpan.Zero } : _update);

    private OutgoingRequest Compose(IReadOnlyList<OutgoingTurn> turns, TimeSpan wait) =>
        new(requests.Update(turns, _counter + 1), wait, _counter < 0 ? null : AcknowledgeableBytes);

    private void Confirm(in RequestOutcome outcome, TimeSpan now)
    {
        // PlayerStateBehind: this update arrived late after all, and then a late copy of the refused one was accepted.
        if (outcome.Fault is not null && outcome.Reply.Error != ErrorCode.PlayerStateBehind)
            Finish(outcome, now);
        else if (++_confirmedCount < _unconfirmed.Count)
            Send(State.Confirming, _unconfirmed[_confirmedCount]);
        else
            ResendUpdate();
    }

    private void Finish(in RequestOutcome outcome, TimeSpan now)
    {
        if (outbox.Batch.Count > 0)
        {
            FinishBatch(outcome, now);
            return;
        }

        Take(_update, outcome, now);
        _state = State.Idle;
    }

    private void FinishBatch(in RequestOutcome outcome, TimeSpan now)
    {
        switch (outcome.Reply.Error)
        {
            // A late copy of the update may still be taken, so the very same update is repeated until it is
            // (PROTOCOL.md, "Rules for clients").
            case ErrorCode.GameCacheMaxed:
                _state = State.BacklogFull;
                _retryAt = now + _fullPause;
                _fullPause = _fullPause * 2 < FullPauseLongest ? _fullPause * 2 : FullPauseLongest;
                break;
            case ErrorCode.OverContentLength:
                Refuse(outcome.Fault!, now);
                break;
            default:
                Take(_update, outcome, now);
                CompleteBatch(outcome.Fault);
                break;
        }
    }

    // Too long for the server or a proxy: several turns are split up, a single one is refused.
    private void Refuse(TurnFault fault, TimeSpan now)
    {
        _lastHeardAt = now;
        if (outbox.Batch.Count > 1)
        {
            _batchBytesMax = outbox.Batch.Sum(turn => turn.Bytes.Length) / 2;
            outbox.ReturnBatch();
            _state = State.Idle;
            return;
        }

        if (outbox.Batch[0].EndsGame)
            _ended = fault;
        CompleteBatch(fault);
    }

    // The pause after a full backlog is over.
    private void Retry()
    {
        if (inbox.HasRoom && _counter >= 0)
            Send(State.Repeating, _lastAccepted);
        else
            SendUpdate();
    }

    private void Repeat(in RequestOutcome outcome, TimeSpan now)
    {
        if (outbox.Batch.Count == 0)
        {
            RepeatWithoutBatch(outcome, now);
            return;
        }

        // Behind: the refused update has been taken after all; repeating it will show that.
        var isTaken = outcome.Reply.Error == ErrorCode.PlayerStateBehind;
        if (!isTaken)
            Deliver(outcome, now);
        if (_ended is not null)
            CompleteBatch(_ended);
        else if (!isTaken && _block.IsNearlyFull && AcknowledgeableBytes > 0 && outcome.Reply.Totals is not null)
            Send(State.FreeingCounter, Compose([], TimeSpan.Zero));
        else
            SendUpdate();
    }

    // Both backlogs may be full, and only an update that is taken acknowledges (PROTOCOL.md, "Rules for clients").
    private void FreeCounter(in RequestOutcome outcome, TimeSpan now)
    {
        if (outcome.Reply.Totals?.Taken > outbox.Taken)
        {
            // The refused update has been taken after all; repeating it gets its block.
            SendUpdate();
            return;
        }

        Take(_request, outcome, now);
        if (_ended is not null)
        {
            CompleteBatch(_ended);
            return;
        }

        // The counter has carried an empty update, so the turns go out under the next one.
        outbox.ReturnBatch();
        _state = State.Idle;
    }

    private void Take(OutgoingRequest update, in RequestOutcome outcome, TimeSpan now)
    {
        if (outcome.Fault is null)
        {
            Interlocked.Increment(ref _counter);
            _lastAccepted = update with { Wait = TimeSpan.Zero };
            if (outcome.Reply is { Code: ReplyCode.GameRedundant, Totals: { } totals })
                NoteTotals(totals);
            else
                _block.Acknowledge(update.ReceivedBytes ?? 0);
        }

        Deliver(outcome, now);
    }

    private void Deliver(in RequestOutcome outcome, TimeSpan now)
    {
        _lastHeardAt = now;
        if (outcome.Fault is null)
            _block.Deliver(outcome.Reply);
        else
            _ended = outcome.Fault;
    }

    private void CompleteBatch(TurnFault? fault)
    {
        outbox.CompleteBatch(fault);
        _state = State.Idle;
    }
}
