using System.Threading.Tasks.Sources;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Rules.Shards;

namespace TurnServer.Actor;

/// <summary>A message in the actor's mailbox.</summary>
internal abstract class Message
{
    /// <summary>
    /// Reports to the sender that the actor has failed, before or while it handled the message; does nothing once the
    /// message is answered.
    /// </summary>
    public abstract void Fail(Exception reason);
}

/// <summary>
/// A request and the promise of its reply. Continuations run on the thread pool or, if that may be, on a thread that
/// posted a message (<see cref="InlineReplies"/>); never on the actor's thread while it owns the table.
/// </summary>
internal sealed class PendingReply : Message, IValueTaskSource<WireReply>, IDeferredReply
{
    private ManualResetValueTaskSourceCore<WireReply> _core = new() { RunContinuationsAsynchronously = true };
    private WireReply _reply;
    private bool _isLeftToPoster;

    public required TurnRequest Request { get; init; }

    /// <summary>What the request was parsed from; empty while its reply is held.</summary>
    public required ReadOnlyMemory<byte> Body { get; set; }

    public required ClientAddress From { get; init; }

    /// <summary>The longest time to hold the reply, in seconds; 0 for none.</summary>
    public required int WaitSeconds { get; init; }

    /// <summary>Whether a poster may resume whoever awaits the reply.</summary>
    public bool MayResumeInline { get; init; }

    public ValueTask<WireReply> Task => new(this, _core.Version);

    public void Complete(in WireReply reply)
    {
        _reply = reply;
        Release();
    }

    /// <summary>Keeps the reply until <see cref="Release"/> completes it.</summary>
    public void Defer(in WireReply reply) => _reply = reply;

    /// <inheritdoc/>
    public void Release()
    {
        _isLeftToPoster = MayResumeInline && InlineReplies.TryAdd(this);
        if (!_isLeftToPoster)
            _core.SetResult(_reply);
    }

    /// <summary>Completes what was left to the poster, and runs the continuation on this thread.</summary>
    public void Resume()
    {
        _core.RunContinuationsAsynchronously = false;
        _core.SetResult(_reply);
    }

    /// <inheritdoc cref="IDeferredReply.Fail"/>
    public override void Fail(Exception reason)
    {
        // What is left to the poster is answered, though not yet complete.
        if (!_isLeftToPoster && _core.GetStatus(_core.Version) == ValueTaskSourceStatus.Pending)
            _core.SetException(reason);
    }

    WireReply IValueTaskSource<WireReply>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<WireReply>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<WireReply>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>A read-only query of the table, run on the actor's thread.</summary>
internal sealed class Query<T>(Func<Table, T> read) : Message, IQuery
{
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _result.Task;

    public void Run(Table table) => _result.SetResult(read(table));

    public override void Fail(Exception reason) => _result.TrySetException(reason);
}

/// <summary>A query, whatever the type of its result.</summary>
internal interface IQuery
{
    void Run(Table table);
}

/// <summary>Messages of another shard; completes once they are applied and recorded.</summary>
internal sealed class IncomingMessages(ReadOnlyMemory<byte> bytes) : Message, IDeferredReply
{
    private readonly TaskCompletionSource<long> _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The frame, as it was sent.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>The frame.</summary>
    public required ShardFrame Frame { get; init; }

    /// <summary>The last message of that shard that has been applied.</summary>
    public long Applied { get; set; }

    public Task<long> Task => _applied.Task;

    /// <inheritdoc/>
    public void Release() => _applied.SetResult(Applied);

    /// <inheritdoc cref="IDeferredReply.Fail"/>
    public override void Fail(Exception reason) => _applied.TrySetException(reason);
}

/// <summary>New messages to another shard, which may leave once they are recorded.</summary>
/// <param name="to">Sends them.</param>
/// <param name="frame">The messages.</param>
/// <param name="peer">The other shard.</param>
internal sealed class OutgoingMessages(IShardCourier to, int peer, ShardFrame frame) : IDeferredReply
{
    /// <inheritdoc/>
    public void Release() => to.Send(peer, frame);

    /// <inheritdoc/>
    public void Fail(Exception reason)
    {
        // They are in no log, so that they do not exist.
    }
}

/// <summary>
/// Completes once everything recorded so far is durable, and so is that this server may still answer. For replies that
/// record nothing themselves.
/// </summary>
internal sealed class Confirmation : Message, IDeferredReply
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Task => _done.Task;

    /// <inheritdoc/>
    public void Release() => _done.SetResult();

    /// <inheritdoc cref="IDeferredReply.Fail"/>
    public override void Fail(Exception reason) => _done.TrySetException(reason);
}

/// <summary>Sent by the timer: something may be due.</summary>
internal sealed class TimerElapsed : Message
{
    public static readonly TimerElapsed Instance = new();

    public override void Fail(Exception reason)
    {
        // No sender waits for it.
    }
}

/// <summary>The server is about to stop: releases all held replies, and holds no more.</summary>
internal sealed class Drain : Message
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Task => _done.Task;

    public void Complete() => _done.SetResult();

    public override void Fail(Exception reason) => _done.TrySetException(reason);
}
