using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>
/// Owns the table: one loop reads one bounded channel, and nothing else touches the state, so the state needs no locks.
/// The clock is read once per message.
/// </summary>
public sealed partial class TurnActor : IDisposable
{
    /// <summary>
    /// How many messages may wait. The actor handles about a million a second, so this is some 16 ms of work: a longer
    /// queue would only make replies older. Held replies do not wait here.
    /// </summary>
    public const int MailboxCapacity = 16_384;

    // The loop runs on the thread that brought a message to an idle actor, which so finds its own reply there already,
    // instead of waking two threads for it. After so many messages, some 50 µs of work, another thread goes on, and it
    // gets back to its own request.
    private const int MessagesPerThread = 64;

    private static readonly TimeSpan Unarmed = TimeSpan.MaxValue;

    private static readonly TimeSpan FullMailboxPause = TimeSpan.FromMilliseconds(10);

    // How long until it is looked again whether the state can be recorded.
    private static readonly TimeSpan StallPause = TimeSpan.FromMilliseconds(100);

    private readonly Table _table;
    private readonly TimeProvider _clock;
    private readonly TableClock _time;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Channel<Message> _mailbox;
    private readonly Dictionary<Ticket, PendingReply> _held = [];
    private JournalWriter? _journal;
    private SuspensionDetector? _suspensions;
    private TimeSpan _armedFor = Unarmed;
    private long _lastTicket;
    private long _messages;
    private TimeSpan _busy;
    private bool _isDraining;
    private bool _recordsNoMore;

    /// <summary>An actor over this table. Nothing happens before <see cref="RunAsync"/>.</summary>
    public TurnActor(Table table, TimeProvider clock, ILogger log)
    {
        _table = table;
        _clock = clock;
        _time = new TableClock(clock, table.Now);
        _log = log;
        _mailbox = Channel.CreateBounded<Message>(new BoundedChannelOptions(MailboxCapacity)
        {
            SingleReader = true,
            AllowSynchronousContinuations = true,
        });
        _timer = clock.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Whether the state cannot be recorded for want of room, and requests are refused for that. Any thread may ask.
    /// </summary>
    public bool IsStalled => _journal is { IsStalled: true };

    /// <summary>Why games would not survive a crash although they are recorded; null: they would.</summary>
    public string? StateFault => _journal?.Fault;

    /// <summary>
    /// Records from now on what the table is handed, before anybody hears of what came of it. To be called before <see
    /// cref="RunAsync"/>.
    /// </summary>
    internal void RecordIn(JournalWriter journal) => _journal = journal;

    /// <summary>
    /// From now on silence does not count that fell into a time in which the actor could not run (PROTOCOL.md,
    /// "Timeouts"). To be called before <see cref="RunAsync"/>.
    /// </summary>
    /// <param name="grace">How far from its end on deadlines may be moved for that; zero: not at all.</param>
    public void ExtendDeadlinesOnSuspension(TimeSpan grace) =>
        _suspensions = grace > TimeSpan.Zero ? new SuspensionDetector(grace) : null;

    /// <summary>
    /// Hands a parsed request in. The reply comes when the rules give it: at once, or for a held one when there is news
    /// or the time is up. With a full mailbox, or a full disk, it is ServerBusy, and the request was not taken.
    /// </summary>
    /// <param name="request">The request; it was parsed from <paramref name="body"/>.</param>
    /// <param name="body">Not to be changed until the reply has come.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="waitSeconds">For how long a reply without news may be held; 0: not at all.</param>
    /// <exception cref="ActorFailedException">
    /// The actor ended on a bug while it had the request; the process is about to. Later requests are ServerBusy.
    /// </exception>
    public ValueTask<WireReply> AskAsync(in TurnRequest request, ReadOnlyMemory<byte> body, ClientAddress from,
        int waitSeconds)
    {
        var pending = new PendingReply { Request = request, Body = body, From = from, WaitSeconds = waitSeconds };
        return Post(pending)
            ? pending.Task
            : ValueTask.FromResult(WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy)) with { IsOverload = true });
    }

    /// <summary>
    /// Has the actor look at the table, on the caller's own thread when the actor is idle: looking must not block. The
    /// result must not keep anything of the table.
    /// </summary>
    public Task<T> InquireAsync<T>(Func<Table, T> look)
    {
        var inquiry = new Inquiry<T>(look);
        return Post(inquiry) ? inquiry.Task : Task.FromException<T>(new ActorBusyException());
    }

    /// <summary>How much of everything there is and has been. Taken by the actor between two messages.</summary>
    /// <exception cref="ActorBusyException">The mailbox is full.</exception>
    /// <exception cref="ActorFailedException">The actor ended on a bug.</exception>
    public Task<ActorStatistics> CountAsync() => InquireAsync(table => new ActorStatistics
    {
        Table = table.Count(),
        HeldReplies = _held.Count,
        MailboxDepth = _mailbox.Reader.Count,
        Messages = _messages,
        IsStalled = IsStalled,
        StateFault = StateFault,
        Busy = _busy,
    });

    /// <summary>Answers every held reply as it stands, and from then on holds none.</summary>
    public async Task DrainAsync()
    {
        var drain = new Drain();
        await _mailbox.Writer.WriteAsync(drain);
        await drain.Task;
    }

    /// <summary>Lets <see cref="RunAsync"/> end when the mailbox is empty.</summary>
    public void Stop() => _mailbox.Writer.TryComplete();

    /// <summary>
    /// The loop. Ends after <see cref="Stop"/>; throws when the rules do, having failed everything that was waiting for
    /// a reply: state that broke a rule is not to be trusted, so the process must end then.
    /// </summary>
    public async Task RunAsync()
    {
        _time.GoOn();
        _suspensions?.NoteHandled(_time.Now, _table.NextDeadline is not null);
        ArmTimer();
        try
        {
            while (await _mailbox.Reader.WaitToReadAsync())
            {
                var startedAt = _clock.GetTimestamp();
                var handled = 0;
                for (; handled < MessagesPerThread && _mailbox.Reader.TryRead(out var message); handled++)
                    Handle(message);
                ArmTimer();
                _messages += handled;
                _busy += _clock.GetElapsedTime(startedAt);
                if (handled == MessagesPerThread)
                    await Task.Yield();
            }
        }
        catch (Exception bug)
        {
            Log.ActorFailed(_log, bug);
            FailAll(new ActorFailedException(bug));
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    // A wake-up must not be lost: until it has been handled the timer is not set again.
    private void OnTimer()
    {
        if (!Post(TimerElapsed.Instance))
            _timer.Change(FullMailboxPause, Timeout.InfiniteTimeSpan);
    }

    private bool Post(Message message) => _mailbox.Writer.TryWrite(message);

    private void ArmTimer()
    {
        if (_time.StoppedAt is { } stoppedAt)
        {
            if (_armedFor == stoppedAt)
                return;
            _armedFor = stoppedAt;
            _timer.Change(StallPause, Timeout.InfiniteTimeSpan);
            return;
        }

        if (_table.NextDeadline is not { } next)
            return;
        if (_suspensions?.NextBeat < next)
            next = _suspensions.NextBeat.Value;
        if (next >= _armedFor)
            return;
        _armedFor = next;
        // Timers cut fractions of a millisecond off, and count on a coarser clock than timestamps do: one that fires
        // too early is set again when it has been handled.
        var delay = Math.Max(1, Math.Ceiling((next - _time.Now).TotalMilliseconds));
        _timer.Change(TimeSpan.FromMilliseconds(delay), Timeout.InfiniteTimeSpan);
    }

    private void FailAll(ActorFailedException reason)
    {
        _mailbox.Writer.TryComplete(reason);
        while (_mailbox.Reader.TryRead(out var message))
            message.Fail(reason);
        foreach (var pending in _held.Values)
            pending.Fail(reason);
        _held.Clear();
    }
}
