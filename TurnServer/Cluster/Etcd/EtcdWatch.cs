using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Mvccpb;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// Changes of keys as one server of etcd tells of them, until it fails: then the caller reads what there is and begins
/// another watch, which goes to another server. A server that is frozen, or cut off from the others, would be silent
/// for ever; therefore it is asked for something (<see cref="EtcdProbe"/>) when nothing has come for about a second.
/// </summary>
/// <param name="connection">The watch is at its current server.</param>
/// <param name="key">The first key.</param>
/// <param name="end">Behind the last key.</param>
/// <param name="revision">The first revision.</param>
/// <param name="stop">Ends the watch.</param>
internal sealed class EtcdWatch(EtcdConnection connection, ByteString key, ByteString end, long revision,
    CancellationToken stop) : IAsyncDisposable
{
    private readonly EtcdEndpoint _endpoint = connection.Current;
    private readonly TimeSpan _timeout = connection.Options.Timeout;
    private AsyncDuplexStreamingCall<WatchRequest, WatchResponse>? _call;
    private Task<bool>? _receiving;
    private bool _isCreated;

    /// <summary>Why the watch has ended.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>Whether the watch has been of any use.</summary>
    public bool HasWorked { get; private set; }

    /// <summary>The next changes, oldest first; null when the watch has ended.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<IReadOnlyList<Event>?> NextAsync()
    {
        try
        {
            _call ??= await OpenAsync();
            while (await ReceiveAsync())
            {
                var response = _call.ResponseStream.Current;
                if (response.Canceled)
                    return End(response.CompactRevision > 0 ? "compacted" : response.CancelReason);
                _isCreated |= response.Created;
                if (response.Events.Count == 0)
                    continue;
                HasWorked = true;
                return response.Events;
            }

            return null;
        }
        catch (RpcException e)
        {
            stop.ThrowIfCancellationRequested();
            return End(EtcdError.Describe(e, _timeout));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _call?.Dispose();
        if (_receiving is not null)
            await ((Task)_receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<AsyncDuplexStreamingCall<WatchRequest, WatchResponse>> OpenAsync()
    {
        var call = _endpoint.Watch.Watch(await connection.StreamOptionsAsync(_endpoint, stop));
        try
        {
            await call.RequestStream.WriteAsync(new WatchRequest
            {
                CreateRequest = new WatchCreateRequest
                {
                    Key = key,
                    RangeEnd = end,
                    StartRevision = revision,
                    // A watch that lags gets responses of bounded size.
                    Fragment = true,
                },
            }, stop).WaitAsync(_timeout, stop);
            return call;
        }
        catch (Exception e)
        {
            call.Dispose();
            // The stream takes no request: the server has ended it, or does not read.
            if (e is TimeoutException or InvalidOperationException or IOException)
                throw new RpcException(new Status(StatusCode.DeadlineExceeded, e.Message));
            throw;
        }
    }

    // False: the watch has ended.
    private async Task<bool> ReceiveAsync()
    {
        _receiving = _call!.ResponseStream.MoveNext(stop);
        while (true)
        {
            var silence = _isCreated ? SharedTicks.UntilNext(_timeout, TimeProvider.System) : _timeout;
            await ((Task)_receiving).WaitAsync(silence, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
            if (_receiving.IsCompleted)
                break;
            if (!_isCreated)
                throw new RpcException(new Status(StatusCode.DeadlineExceeded, ""));
            if (!await AnswersAsync())
                return false;
            HasWorked = true;
        }

        if (await _receiving)
            return true;
        End("the watch has ended");
        return false;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await connection.ProbeAsync(_endpoint, stop);
            return true;
        }
        catch (LogUnavailableException e)
        {
            Failure = e.Message;
            connection.Leave(_endpoint);
            return false;
        }
    }

    private IReadOnlyList<Event>? End(string failure)
    {
        Failure = $"{_endpoint.Address}: {failure}";
        connection.Leave(_endpoint);
        return null;
    }
}
