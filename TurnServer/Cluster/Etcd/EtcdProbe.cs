using System.Diagnostics;
using Etcdserverpb;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// Asks one server of etcd for something that it can answer only together with its leader, on behalf of all watches at
/// that server which have heard nothing for a while: one question serves those that ask soon after each other. Any
/// thread.
/// </summary>
/// <param name="connection">Whose server it is.</param>
/// <param name="endpoint">The server.</param>
internal sealed class EtcdProbe(EtcdConnection connection, EtcdEndpoint endpoint)
{
    // A watch notices by this much later, at most, that the server is frozen.
    private readonly TimeSpan _ageMax = connection.Options.Timeout / 2;

    private readonly RangeRequest _request = new()
    {
        Key = EtcdKeys.PlanOf(connection.Options.Name),
        CountOnly = true,
    };

    private readonly Lock _gate = new();
    private Task _asking = Task.CompletedTask;
    private long? _askedAt;

    /// <summary>Completes when the server answers, or has answered a moment ago.</summary>
    /// <exception cref="LogUnavailableException">It does not.</exception>
    public Task AskAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            if (_askedAt is not { } at || Stopwatch.GetElapsedTime(at) >= _ageMax)
            {
                _askedAt = Stopwatch.GetTimestamp();
                // Not stopped with the watch that asks first; it ends by its timeout.
                _asking = connection.AskAsync(endpoint,
                    (etcd, options) => etcd.Kv.RangeAsync(_request, options).ResponseAsync, CancellationToken.None);
            }

            return _asking.WaitAsync(stop);
        }
    }
}
