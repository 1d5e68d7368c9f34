using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>What the actor does with a message. All of it runs on the one thread that owns the table.</summary>
public sealed partial class TurnActor
{
    private void Handle(Message message)
    {
        var now = _time.Now;
        try
        {
            Handle(message, now);
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
            case IInquiry inquiry:
                Tick(now);
                inquiry.Answer(_table);
                break;
            case Drain drain:
                _isDraining = true;
                ReleaseAll(now);
                drain.Complete();
                break;
            default:
                _armedFor = Unarmed;
                Tick(now);
                break;
        }
    }

    // What does not change the table need not be recorded. While nothing can be, it is looked whether that is over.
    private void Tick(TimeSpan now)
    {
        var isDue = _table.NextDeadline <= now || _time.StoppedAt is not null || _suspensions?.Find(now) is not null;
        if (!isDue)
        {
            _table.AdvanceClock(now);
            return;
        }

        if (!MayGoOn(0, now))
            return;
        var answers = _table.Tick(now);
        _journal?.Record(RecordKind.Tick, now);
        CompleteHeld(answers);
    }

    // Where there is no room to record it, these replies count as lost after a restart. There is no harm in that as
    // long as nothing is recorded that came after.
    private void ReleaseAll(TimeSpan now)
    {
        _recordsNoMore = !MayGoOn(0, now);
        if (_suspensions?.Find(now) is { } suspension)
            ExtendDeadlines(suspension, now);
        var answers = _table.ReleaseAll(now);
        if (!_recordsNoMore)
            _journal?.Record(RecordKind.ReleaseAll, now);
        CompleteHeld(answers);
    }

    // Whether a message may be handled: what is about to be done can be put on record, and the table knows of the time
    // in which nobody could be heard.
    private bool MayGoOn(int bodyBytes, TimeSpan now)
    {
        if (!CanRecord(bodyBytes, now))
            return false;
        if (_suspensions?.Find(now) is not { } suspension)
            return true;
        ExtendDeadlines(suspension, now);
        return CanRecord(bodyBytes, now);
    }

    private void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        var answers = _table.ExtendDeadlines(suspension, now);
        if (!_recordsNoMore)
            _journal?.Record(suspension, now);
        _suspensions!.NoteTold(now);
        CompleteHeld(answers);
        Log.ServerWasSuspended(_log, suspension.Gap.TotalSeconds, suspension.Grace.TotalSeconds);
    }

    // Whether what is about to be done can be put on record. While it cannot, the table's time stands still: nobody is
    // to be dropped because the disk was full.
    private bool CanRecord(int bodyBytes, TimeSpan now)
    {
        if (_journal is null)
            return true;
        if (_recordsNoMore || !_journal.TryReserve(bodyBytes, _table))
        {
            _time.StopAt(now);
            return false;
        }

        _time.GoOn();
        return true;
    }

    private void Apply(PendingReply pending, TimeSpan now)
    {
        if (!MayGoOn(pending.Body.Length, now))
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
        // On record before anybody hears of it; and only when it went well: what the rules fail on must not be
        // replayed.
        _journal?.Record(arrival, _table, now);

        // The answers point into the table's buffers: each becomes bytes of its own before the next request is applied.
        var isAnswered = false;
        foreach (var answer in answers)
        {
            if (answer.Ticket == ticket)
            {
                Complete(pending, WireReply.Of(answer.Reply));
                isAnswered = true;
            }
            else
            {
                CompleteHeld(answer);
            }
        }

        if (isAnswered)
            return;
        // The rules have copied the turn; the body must not be kept for as long as the reply is held.
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
        if (!_held.Remove(answer.Ticket, out var pending))
            throw new InvalidOperationException($"The rules answered {answer.Ticket}, whose reply is not held.");
        Complete(pending, WireReply.Of(answer.Reply) with
        {
            WasHeld = true,
            AppliedWaitSeconds = pending.WaitSeconds,
        });
    }

    private void Complete(PendingReply pending, in WireReply reply)
    {
        if (_journal is null)
        {
            pending.Complete(reply);
            return;
        }

        pending.Settle(reply);
        _journal.ReleaseWhenDurable(pending);
    }
}
