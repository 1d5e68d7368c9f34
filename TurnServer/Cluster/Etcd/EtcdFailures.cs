using Grpc.Core;

namespace TurnServer.Cluster.Etcd;

/// <summary>What the servers of etcd have answered to one call.</summary>
/// <param name="endpoints">All servers of etcd.</param>
internal sealed class EtcdFailures(IReadOnlyList<EtcdEndpoint> endpoints)
{
    // The latest of each server.
    private readonly Dictionary<EtcdEndpoint, string> _answers = [];
    private RpcException? _last;

    /// <summary>The last one. There must be one.</summary>
    public RpcException Last => _last!;

    /// <summary>Whether it is certain that the server that was asked last has not carried out the call.</summary>
    public bool ProveNothingDone { get; private set; }

    public void Add(EtcdEndpoint endpoint, RpcException e, TimeSpan timeout, bool provesNothingDone)
    {
        _answers[endpoint] = EtcdError.Describe(e, timeout);
        _last = e;
        ProveNothingDone = provesNothingDone;
    }

    /// <summary>Such as "http://10.0.0.1:2379: connection refused; http://10.0.0.2:2379: no leader".</summary>
    public LogUnavailableException ToException() =>
        new(string.Join("; ", endpoints.Where(_answers.ContainsKey)
            .Select(endpoint => $"{endpoint.Address}: {_answers[endpoint]}")), _last)
        {
            IsFull = EtcdError.IsFull(Last),
            IsDenied = EtcdError.IsDenied(Last),
        };
}
