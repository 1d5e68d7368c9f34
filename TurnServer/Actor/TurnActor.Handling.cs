using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Rules.Shards;

namespace TurnServer.Actor;

/// <summary>How the actor handles each message. All of it runs on the one thread that owns the table.</summary>
public sealed partial class TurnActor
{
    private void Handle(Message message)
    {
        var now = _time.Now;
        try
        {
            Handle(message, now);
            if (_courier is not null)
                SendMessages(_courier);
            _suspensions?.NoteHandled(now, _table.NextDeadline is not null);
        }
        catch (Exception bug)
        {
            message.Fail(new ActorFailedException(bug));
            throw;
        }
    }

    private void Handle(Message message, TimeSpan now)
    {
        switch (message)
        {
            case PendingReply pending:
                Apply(pending, now);
                break;
            case IQuery query:
                Tick(now);
                query.Run(_table);
                break;
            case IncomingMessages messages:
                Receive(messages, now);
                break;
            case Confirmation confirmation:
                Confirm(confirmation, now);
                break;
            case Drain drain:
                _isDraining = true;
                ReleaseAll(now);
                drain.Complete();
                break;
            default:
                _timer.NoteHandled();
                Tick(now);
                break;
        }
    }

    // Records nothing when nothing is due. While the clock is stopped, each tick checks whether recording works again.
    private void Tick(TimeSpan now)
    {
        var isDue = _table.NextDeadline <= now || _time.StoppedAt is not null || _suspensions?.Find(now) is not null;
        if (!isDue)
        {
            _table.AdvanceClock(now);
            return;
        }

        if (!TryPrepare(0, now))
            return;
        var answers = _table.Tick(now);
        _journal?.Record(RecordKind.Tick, now);
        CompleteHeld(answers);
    }

    // Appending something is how an owner finds out that another server has taken over.
    private void Confirm(Confirmation confirmation, TimeSpan now)
    {
        if (!TryPrepare(0, now))
        {
            confirmation.Fail(new ActorBusyException());
            return;
        }

        var answers = _table.Tick(now);
        _journal?.Record(RecordKind.Tick, now);
        CompleteHeld(answers);
        ReleaseWhenDurable(confirmation);
    }

    private void Receive(IncomingMessages messages, TimeSpan now)
    {
        if (!TryPrepare(ShardFrame.RecordBytes(messages.Bytes.Length, messages.Frame.Messages.Count), now))
        {
            messages.Fail(new ActorBusyException());
            return;
        }

        var answers = _table.Receive(messages.Frame, now);
        _journal?.RecordMessages(messages.Bytes.Span, _table, now);
        CompleteHeld(answers);
        while (_awaitingLobby.TryPeek(out var reply, out var awaits) && awaits <= _table.AppliedByLobby)
        {
            _awaitingLobby.Dequeue();
            ReleaseWhenDurable(reply);
        }

        messages.Applied = _table.AppliedOf(messages.Frame.From);
        ReleaseWhenDurable(messages);
    }

    private void SendMessages(IShardCourier courier)
    {
        while (_table.TryTakeFrame(out var peer, out var frame))
            ReleaseWhenDurable(new OutgoingMessages(courier, peer, frame));
    }

    private void ReleaseWhenDurable(IDeferredReply reply)
    {
        if (_journal is null)
            reply.Release();
        else
            _journal.ReleaseWhenDurable(reply);
    }

    // If it cannot be recorded, these replies count as lost after a restart, which is harmless as long as nothing later
    // is recorded.
    private void ReleaseAll(TimeSpan now)
    {
        _isJournalClosed = !TryPrepare(0, now);
        if (_suspensions?.Find(now) is { } suspension)
            ExtendDeadlines(suspension, now);
        var answers = _table.ReleaseAll(now);
        if (!_isJournalClosed)
            _journal?.Record(RecordKind.ReleaseAll, now);
        CompleteHeld(answers);
    }

    // Reserves room in the journal for the next change, and tells the table of a suspension first. False: the message
    // must not be handled.
    private bool TryPrepare(int bodyBytes, TimeSpan now)
    {
        if (!TryReserve(bodyBytes, now))
            return false;
        if (_suspensions?.Find(now) is not { } suspension)
            return true;
        ExtendDeadlines(suspension, now);
        return TryReserve(bodyBytes, now);
    }

    private void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        var answers = _table.ExtendDeadlines(suspension, now);
        if (!_isJournalClosed)
            _journal?.Record(suspension, now);
        _suspensions!.NoteReported(now);
        CompleteHeld(answers);
        Log.ServerWasSuspended(_log, suspension.Gap.TotalSeconds, suspension.Grace.TotalSeconds);
    }

    // Stops the table's clock while nothing can be recorded: a full disk must not time players out.
    private bool TryReserve(int bodyBytes, TimeSpan now)
    {
        if (_journal is null)
            return true;
        if (_isJournalClosed || !_journal.TryReserve(bodyBytes, _table))
        {
            _time.StopAt(now);
            return false;
        }

        _time.Resume();
        return true;
    }

    private void Apply(PendingReply pending, TimeSpan now)
    {
        if (!TryPrepare(pending.Body.Length, now))
        {
            pending.Complete(WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy)));
            return;
        }

        var ticket = new Ticket(++_lastTicket);
        var arrival = new Arrival
        {
            Ticket = ticket,
            Request = pending.Request,
            Body = pending.Body,
            From = pending.From,
            Wait = _isDraining ? TimeSpan.Zero : TimeSpan.FromSeconds(pending.WaitSeconds),
        };
        var answers = _table.Apply(arrival, now);
        // Before any reply leaves, and after the rules succeeded: a request that they fail on must not be replayed.
        _journal?.Record(arrival, _table, now);

        // Answers point into the table's buffers: each is serialized before the next request is applied.
        var isAnswered = false;
        foreach (var answer in answers)
        {
            if (answer.Ticket == ticket)
            {
                Complete(pending, WireReply.Of(answer.Reply), answer.Awaits);
                isAnswered = true;
            }
            else
            {
                CompleteHeld(answer);
            }
        }

        if (isAnswered)
            return;
        // The rules have copied the turn: a held reply must not keep the body alive.
        pending.Body = default;
        _held.Add(ticket, pending);
    }

    private void CompleteHeld(ReadOnlySpan<Answer> answers)
    {
        foreach (var answer in answers)
            CompleteHeld(answer);
    }

    private void CompleteHeld(in Answer answer)
    {
        var pending = _held.Take(answer.Ticket);
        // Without a wait, another shard has decided the request.
        var reply = WireReply.Of(answer.Reply) with
        {
            WasHeld = pending.WaitSeconds > 0,
            AppliedWaitSeconds = pending.WaitSeconds,
        };
        Complete(pending, reply, answer.Awaits);
    }

    private void Complete(PendingReply pending, in WireReply reply, long awaits)
    {
        pending.Defer(reply);
        if (awaits > _table.AppliedByLobby)
            _awaitingLobby.Enqueue(pending, awaits);
        else
            ReleaseWhenDurable(pending);
    }
}
