using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Rules.Shards;

namespace TurnServer.Actor;

/// <summary>
/// Owns the table: one loop reads one bounded channel and is the only code that touches the state, so the state
/// needs no locks. The clock is read once per message.
/// </summary>
public sealed partial class TurnActor : ITableQueries, IDisposable
{
    /// <summary>
    /// How many messages the mailbox holds. The actor handles about a million a second, so this is about 16 ms of work;
    /// a longer queue would only increase latency. Held replies are not in the mailbox.
    /// </summary>
    public const int MailboxCapacity = 16_384;

    // When the actor is idle, its loop runs on the thread that posts a message: the reply is ready without two thread
    // switches. After this many messages, about 50 µs of work, the loop moves to another thread.
    private const int MessagesPerThread = 64;

    private readonly Table _table;
    private readonly TimeProvider _clock;
    private readonly TableClock _time;
    private readonly ILogger _log;
    private readonly DeadlineTimer _timer;
    private readonly Channel<Message> _mailbox;
    private readonly HeldReplies _held = new();
    private readonly PriorityQueue<PendingReply, long> _awaitingLobby = new();
    private IRecorder? _journal;
    private IShardCourier? _courier;
    private SuspensionDetector? _suspensions;
    private volatile Exception? _abandonedBy;
    private long _lastTicket;
    private long _messages;
    private TimeSpan _busy;
    private bool _isDraining;
    private bool _isJournalClosed;

    /// <summary>Creates an actor that handles nothing before <see cref="RunAsync"/>.</summary>
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
        _timer = new DeadlineTimer(clock, _time, () => Post(TimerElapsed.Instance));
    }

    /// <summary>
    /// Whether requests are refused because there is no room to record them. Any thread may read it.
    /// </summary>
    public bool IsStalled => _journal is { IsStalled: true };

    /// <summary>Why recorded games would not survive a crash; null if they would.</summary>
    public string? StateFault => _journal?.Fault;

    /// <summary>
    /// Records every change before its replies leave. To be called before <see cref="RunAsync"/>.
    /// </summary>
    internal void RecordIn(IRecorder journal) => _journal = journal;

    /// <summary>Has messages to other shards sent. To be called before <see cref="RunAsync"/>.</summary>
    internal void SendBy(IShardCourier courier) => _courier = courier;

    /// <summary>
    /// Submits messages of another shard. Completes with the number of the last one that has been applied, once that is
    /// recorded.
    /// </summary>
    /// <param name="frame">The encoded <see cref="ShardFrame"/>; must not be changed.</param>
    /// <exception cref="CorruptStateException">It is not a frame.</exception>
    /// <exception cref="ActorBusyException">The mailbox is full, or nothing can be recorded for now.</exception>
    internal Task<long> ReceiveAsync(ReadOnlyMemory<byte> frame)
    {
        var incoming = new IncomingMessages(frame) { Frame = ShardFrame.Read(frame.Span) };
        return Post(incoming) ? incoming.Task : Task.FromException<long>(new ActorBusyException());
    }

    /// <summary>
    /// Extends deadlines after a suspension of the process, during which no request was received (PROTOCOL.md,
    /// "Timeouts"). To be called before <see cref="RunAsync"/>.
    /// </summary>
    /// <param name="grace">The latest time after a suspension to which a deadline is extended; zero: none is.</param>
    public void ExtendDeadlinesOnSuspension(TimeSpan grace) =>
        _suspensions = grace > TimeSpan.Zero ? new SuspensionDetector(grace) : null;

    /// <summary>
    /// Submits a parsed request. The reply comes at once or, if it is held, on news or when the wait is over. If the
    /// mailbox or the disk is full it is ServerBusy, and the request was not applied.
    /// </summary>
    /// <param name="request">The request, parsed from <paramref name="body"/>.</param>
    /// <param name="body">Must not be changed until the reply has come.</param>
    /// <param name="from">The client's address.</param>
    /// <param name="waitSeconds">The longest time to hold the reply, in seconds; 0 for none.</param>
    /// <param name="mayResumeInline">See <see cref="IPlayerGateway.AskAsync"/>.</param>
    /// <exception cref="ActorFailedException">
    /// The actor failed while it had the request; the process is about to end. Later requests are answered ServerBusy.
    /// </exception>
    public ValueTask<WireReply> AskAsync(in TurnRequest request, ReadOnlyMemory<byte> body, ClientAddress from,
        int waitSeconds, bool mayResumeInline = false)
    {
        var pending = new PendingReply
        {
            Request = request,
            Body = body,
            From = from,
            WaitSeconds = waitSeconds,
            MayResumeInline = mayResumeInline,
        };
        return InlineReplies.TryPost(_mailbox.Writer, pending)
            ? pending.Task
            : ValueTask.FromResult(WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy)) with { IsOverload = true });
    }

    /// <inheritdoc/>
    public Task<T> QueryAsync<T>(Func<Table, T> read)
    {
        var query = new Query<T>(read);
        return Post(query) ? query.Task : Task.FromException<T>(new ActorBusyException());
    }

    /// <inheritdoc/>
    public Task<ActorStatistics> GetStatisticsAsync() => QueryAsync(table => new ActorStatistics
    {
        Table = table.GetStatistics(),
        HeldReplies = _held.Count,
        MailboxDepth = _mailbox.Reader.Count,
        Messages = _messages,
        IsStalled = IsStalled,
        StateFault = StateFault,
        Busy = _busy,
    });

    /// <summary>
    /// Completes once all that the table has been told is durable, and it is certain that it is still this server's.
    /// </summary>
    /// <exception cref="ActorBusyException">Nothing can be recorded for now.</exception>
    internal Task ConfirmAsync()
    {
        var confirmation = new Confirmation();
        return Post(confirmation) ? confirmation.Task : Task.FromException(new ActorBusyException());
    }

    /// <summary>Releases all held replies, and holds no more.</summary>
    public async Task DrainAsync()
    {
        var drain = new Drain();
        await _mailbox.Writer.WriteAsync(drain);
        await drain.Task;
    }

    /// <summary>Closes the mailbox: <see cref="RunAsync"/> ends once it is empty.</summary>
    public void Stop() => _mailbox.Writer.TryComplete();

    /// <summary>
    /// Ends <see cref="RunAsync"/> because the table is not this server's any more, and fails the held replies. What
    /// is in the mailbox is refused by the recorder, which has been told so before.
    /// </summary>
    /// <param name="reason">What the held requests fail with.</param>
    internal void Abandon(Exception reason) => _mailbox.Writer.TryComplete(_abandonedBy = reason);

    /// <summary>
    /// Runs the loop until <see cref="Stop"/>. When the rules throw, it fails all pending requests and throws too: the
    /// state can no longer be trusted, so the process must end.
    /// </summary>
    public async Task RunAsync()
    {
        _time.Resume();
        _suspensions?.NoteHandled(_time.Now, _table.NextDeadline is not null);
        SetTimer();
        // What an earlier owner had to send, and this one has to.
        if (_courier is not null)
            SendMessages(_courier);
        try
        {
            while (await _mailbox.Reader.WaitToReadAsync())
            {
                var startedAt = _clock.GetTimestamp();
                var handled = 0;
                for (; handled < MessagesPerThread && _mailbox.Reader.TryRead(out var message); handled++)
                    Handle(message);
                SetTimer();
                _messages += handled;
                _busy += _clock.GetElapsedTime(startedAt);
                if (handled == MessagesPerThread)
                    await Task.Yield();
            }
        }
        catch (Exception reason) when (reason == _abandonedBy)
        {
            FailAll(reason);
        }
        catch (Exception bug)
        {
            Log.ActorFailed(_log, bug);
            FailAll(new ActorFailedException(bug));
            throw;
        }
        finally
        {
            // Who awaits the end stops the server or the shard: not on a poster's thread.
            await Task.Yield();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private bool Post(Message message) => _mailbox.Writer.TryWrite(message);

    private void SetTimer()
    {
        if (_time.StoppedAt is { } stoppedAt)
            _timer.SetForRetry(stoppedAt);
        else if (_table.NextDeadline is { } next)
            _timer.Set(_suspensions?.NextCheck is { } check && check < next ? check : next);
    }

    /// <summary>
    /// Fails the requests that other shards have not decided. Once <see cref="RunAsync"/> has ended.
    /// </summary>
    internal void FailUndecided(Exception reason)
    {
        _held.FailAll(reason);
        while (_awaitingLobby.TryDequeue(out var reply, out _))
            reply.Fail(reason);
    }

    private void FailAll(Exception reason)
    {
        _mailbox.Writer.TryComplete(reason);
        while (_mailbox.Reader.TryRead(out var message))
            message.Fail(reason);
        FailUndecided(reason);
    }
}
