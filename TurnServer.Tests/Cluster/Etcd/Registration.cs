using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>A server that is registered until it is disposed of.</summary>
internal sealed class Registration : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _registered;
    private volatile ClusterMember _self;

    public Registration(IClusterMembers members, ClusterMember self)
    {
        _self = self;
        _registered = Task.Run(() => members.RegisterAsync(Read, _stop.Token));
    }

    public ClusterMember Self
    {
        get => _self;
        set => _self = value;
    }

    /// <summary>Reset, the server is as if frozen.</summary>
    public ManualResetEventSlim IsAwake { get; } = new(true);

    public async ValueTask DisposeAsync()
    {
        IsAwake.Set();
        await _stop.CancelAsync();
        await TestWait.ForAsync(_registered);
    }

    private ClusterMember Read()
    {
        IsAwake.Wait();
        return _self;
    }
}
