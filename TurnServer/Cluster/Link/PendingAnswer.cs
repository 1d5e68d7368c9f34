using System.Threading.Tasks.Sources;

namespace TurnServer.Cluster.Link;

/// <summary>
/// A request on its way and the promise of its answer. Continuations run on the thread pool, never on the thread that
/// reads or writes the connection.
/// </summary>
internal sealed class PendingAnswer(PendingAnswers sent, in ForwardedRequest request)
    : OutgoingFrame, IValueTaskSource<ForwardAnswer>
{
    private ManualResetValueTaskSourceCore<ForwardAnswer> _core = new() { RunContinuationsAsynchronously = true };
    private ForwardedRequest _request = request;

    /// <summary>To be awaited once; never fails.</summary>
    public ValueTask<ForwardAnswer> Task => new(this, _core.Version);

    public void Complete(in ForwardAnswer answer) => _core.SetResult(answer);

    /// <inheritdoc/>
    public override void WriteTo(LinkOutput output)
    {
        // First, as the answer may come before the write has returned.
        var number = sent.Add(this);
        LinkCodec.Write(output.Add(LinkFrameType.Request, LinkCodec.LengthOf(_request)), number, _request);
        // A held reply must not keep its request's body.
        _request = default;
    }

    /// <inheritdoc/>
    public override void Abandon() => Complete(ForwardAnswer.NotTaken);

    ForwardAnswer IValueTaskSource<ForwardAnswer>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ForwardAnswer>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<ForwardAnswer>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>The requests that have been written and not answered, by number.</summary>
internal sealed class PendingAnswers
{
    // The writer adds and the reader removes. A dictionary under a lock reuses its entries; a concurrent one allocates.
    private readonly Lock _lock = new();
    private readonly Dictionary<long, PendingAnswer> _byNumber = [];
    private long _lastNumber;

    /// <summary>Adds a request and returns its number.</summary>
    public long Add(PendingAnswer pending)
    {
        lock (_lock)
        {
            _byNumber.Add(++_lastNumber, pending);
            return _lastNumber;
        }
    }

    /// <summary>Takes a request out; null if there is none of that number.</summary>
    public PendingAnswer? Take(long number)
    {
        lock (_lock)
            return _byNumber.Remove(number, out var pending) ? pending : null;
    }

    /// <summary>Completes all of them, whose fate is unknown, after the connection has ended.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            foreach (var pending in _byNumber.Values)
                pending.Complete(ForwardAnswer.Unknown);
            _byNumber.Clear();
        }
    }
}
