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

/// <summary>The latest list of members.</summary>
internal sealed class MemberList : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private volatile IReadOnlyList<ClusterMember> _latest = [];

    public MemberList(IClusterMembers members) => _watching = WatchAsync(members);

    public Task WaitForAsync(Func<IReadOnlyList<ClusterMember>, bool> condition) => TestWait.UntilAsync(
        () => _watching.IsFaulted || condition(_latest), "the list of members is as expected");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Assert.That(() => TestWait.ForAsync(_watching), Throws.InstanceOf<OperationCanceledException>());
    }

    private async Task WatchAsync(IClusterMembers members)
    {
        await foreach (var list in members.WatchAsync(_stop.Token))
            _latest = list;
    }
}
