using Etcdserverpb;
using Google.Protobuf;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The appends of a server to the logs of all its shards. Those that come while one transaction is under way are sent
/// together in the next one, each with its own condition and its own outcome: a transaction costs etcd, and this
/// server, about as much for many appends as for one. Any thread.
/// </summary>
/// <param name="connection">Where etcd is.</param>
/// <param name="time">For tests; null: the system's.</param>
internal sealed class EtcdAppends(EtcdConnection connection, TimeProvider? time = null)
{
    // etcd takes 1.5 MiB in a request, and 128 operations in a transaction (--max-txn-ops): its parts, and the
    // operations of the largest of them. An append has four at most.
    private const int AppendsMax = 100;
    private const int BytesMax = 1 << 20;

    // From the beginning of one transaction to that of the next, so that they are few and full under load. An append
    // alone does not wait.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    // A timer may fire that much late: less is not waited for, such as what is left when a log's owner has waited.
    private static readonly TimeSpan TimerResolution = TimeSpan.FromMilliseconds(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly Queue<Append> _waiting = [];
    private long? _beganAt;
    private bool _isSending;

    /// <summary>Makes the transaction of an append, which must not be carried out twice.</summary>
    /// <param name="head">The key that it compares.</param>
    /// <param name="request">The transaction.</param>
    /// <param name="stop">Gives up waiting; the outcome is then unknown.</param>
    /// <returns>Whether the condition held, and etcd's revision after it.</returns>
    /// <exception cref="LogUnavailableException">Whether it is carried out is unknown.</exception>
    public Task<(bool Succeeded, long Revision)> AppendAsync(ByteString head, TxnRequest request,
        CancellationToken stop)
    {
        var append = new Append(head, request, stop);
        lock (_lock)
        {
            _waiting.Enqueue(append);
            if (!_isSending)
            {
                _isSending = true;
                // Not on the caller's thread: it may hold a lock, and has others to send.
                _ = Task.Run(SendAllAsync, CancellationToken.None);
            }
        }

        return append.Outcome.Task.WaitAsync(stop);
    }

    // Never fails: those who wait are told.
    private async Task SendAllAsync()
    {
        while (HasMore())
        {
            List<Append> appends = [];
            try
            {
                var rest = _beganAt is { } at ? Interval - _time.GetElapsedTime(at) : TimeSpan.Zero;
                if (rest > TimerResolution)
                    await Task.Delay(rest, _time);
                TakeNext(appends);
                if (appends.Count == 0)
                    continue;
                _beganAt = _time.GetTimestamp();
                await SendAsync(appends);
            }
            catch (Exception e)
            {
                foreach (var append in appends)
                    append.Outcome.TrySetException(e);
            }
        }
    }

    // If not, the next one to come sends.
    private bool HasMore()
    {
        lock (_lock)
            return _isSending = _waiting.Count > 0;
    }

    // Those that fit into one transaction. Of two appends to the same log, which only a server makes that has given the
    // first one up, the second waits: etcd refuses a transaction that writes a key twice.
    private void TakeNext(List<Append> appends)
    {
        var heads = new HashSet<ByteString>();
        var bytes = 0;
        lock (_lock)
        {
            while (appends.Count < AppendsMax && _waiting.TryPeek(out var next))
            {
                if (!next.Stop.IsCancellationRequested)
                {
                    bytes += next.Bytes;
                    if (!heads.Add(next.Head) || (appends.Count > 0 && bytes > BytesMax))
                        break;
                    appends.Add(next);
                }

                _waiting.Dequeue();
            }
        }
    }

    private async Task SendAsync(List<Append> appends)
    {
        var isAlone = appends.Count == 1;
        var request = isAlone ? appends[0].Request : new TxnRequest
        {
            Success = { appends.Select(append => new RequestOp { RequestTxn = append.Request }) },
        };
        var reply = await connection.WriteAsync(
            (etcd, options) => etcd.Kv.TxnAsync(request, options).ResponseAsync, CancellationToken.None);
        for (var i = 0; i < appends.Count; i++)
        {
            var succeeded = isAlone ? reply.Succeeded : reply.Responses[i].ResponseTxn.Succeeded;
            appends[i].Outcome.TrySetResult((succeeded, reply.Header.Revision));
        }
    }

    private sealed record Append(ByteString Head, TxnRequest Request, CancellationToken Stop)
    {
        public int Bytes { get; } = Request.CalculateSize();

        public TaskCompletionSource<(bool Succeeded, long Revision)> Outcome { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
