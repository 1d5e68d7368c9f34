using Etcdserverpb;
using Google.Protobuf;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// Reads the heads of shards: all that are asked for at about the same time, by one request. A server owns dozens of
/// shards and looks at the head of each once a second (<see cref="SharedTicks"/>). Any thread.
/// </summary>
/// <param name="list">Reads the heads of all shards.</param>
internal sealed class EtcdHeads(Func<CancellationToken, Task<RangeResponse>> list) : IAsyncDisposable
{
    // A takeover takes longer by this; as much as an append may wait for the next one.
    private static readonly TimeSpan CollectTime = TimeSpan.FromMilliseconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task<Dictionary<ByteString, ByteString>>? _collecting;
    private Task _latest = Task.CompletedTask;

    /// <param name="connection">Where etcd is.</param>
    public EtcdHeads(EtcdConnection connection)
        : this(new EtcdPrefix(connection, EtcdKeys.HeadsOf(connection.Options.Name)).ListAsync)
    {
    }

    /// <summary>
    /// The value of a head, as it is after every write that was acknowledged before the call; null: there is none.
    /// </summary>
    /// <exception cref="LogUnavailableException">etcd does not answer.</exception>
    public async Task<ByteString?> ReadAsync(ByteString head, CancellationToken stop)
    {
        Task<Dictionary<ByteString, ByteString>> reading;
        lock (_gate)
            _latest = reading = _collecting ??= ReadAllAsync();
        return (await reading.WaitAsync(stop)).GetValueOrDefault(head);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task latest;
        lock (_gate)
            latest = _latest;
        await latest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task<Dictionary<ByteString, ByteString>> ReadAllAsync()
    {
        var stop = _stop.Token;
        await Task.Delay(CollectTime, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Before the request: it would tell whoever asks from now on what was before.
        lock (_gate)
            _collecting = null;
        return (await list(stop)).Kvs.ToDictionary(head => head.Key, head => head.Value);
    }
}
