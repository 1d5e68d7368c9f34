using System.Threading.Tasks.Sources;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>What can stand in the actor's mailbox.</summary>
internal abstract class Message
{
    /// <summary>
    /// Told when the actor has failed, before or while it was handled; does nothing once it is answered.
    /// </summary>
    public abstract void Fail(Exception reason);
}

/// <summary>
/// One request under way and the place where its reply will appear. Continuations run on the thread pool, never on the
/// actor's thread.
/// </summary>
internal sealed class PendingReply : Message, IValueTaskSource<WireReply>, IDeferredReply
{
    private ManualResetValueTaskSourceCore<WireReply> _core = new() { RunContinuationsAsynchronously = true };
    private WireReply _settled;

    public required TurnRequest Request { get; init; }

    /// <summary>What the request was parsed from; empty once the rules have taken it.</summary>
    public required ReadOnlyMemory<byte> Body { get; set; }

    public required ClientAddress From { get; init; }

    /// <summary>For how many seconds the reply may be held; 0: not at all.</summary>
    public required int WaitSeconds { get; init; }

    public ValueTask<WireReply> Task => new(this, _core.Version);

    public void Complete(in WireReply reply) => _core.SetResult(reply);

    /// <summary>Notes what the reply is; it is completed when it is released.</summary>
    public void Settle(in WireReply reply) => _settled = reply;

    /// <inheritdoc/>
    public void Release() => _core.SetResult(_settled);

    public override void Fail(Exception reason)
    {
        if (_core.GetStatus(_core.Version) == ValueTaskSourceStatus.Pending)
            _core.SetException(reason);
    }

    WireReply IValueTaskSource<WireReply>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<WireReply>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<WireReply>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>Asks the actor's thread to look at the table and answer.</summary>
internal sealed class Inquiry<T>(Func<Table, T> look) : Message, IInquiry
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _answer.Task;

    public void Answer(Table table) => _answer.SetResult(look(table));

    public override void Fail(Exception reason) => _answer.TrySetException(reason);
}

/// <summary>An inquiry of whatever result.</summary>
internal interface IInquiry
{
    void Answer(Table table);
}

/// <summary>The timer's: something may be due.</summary>
internal sealed class TimerElapsed : Message
{
    public static readonly TimerElapsed Instance = new();

    public override void Fail(Exception reason)
    {
        // Nobody waits for it.
    }
}

/// <summary>The server is about to stop: held replies are answered as they stand, and none is held any more.</summary>
internal sealed class Drain : Message
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Task => _done.Task;

    public void Complete() => _done.SetResult();

    public override void Fail(Exception reason) => _done.TrySetException(reason);
}
