using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>Does to a cluster what a fault says, and undoes it.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="networks">Its networks; null: there are none, and so no cuts.</param>
/// <param name="random">For who is hit, and how long it is away.</param>
internal sealed class FaultInjector(TestedCluster cluster, Networks? networks, Random random)
{
    private static readonly TimeSpan FreezeTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CutTime = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan AwayMin = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan AwayMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LeaderTimeout = TimeSpan.FromSeconds(20);

    /// <summary>What a frozen owner did when it woke up, as far as it was wrong.</summary>
    public List<string> WrongAnswers { get; } = [];

    /// <summary>Frozen owners that were checked.</summary>
    public int ProbedOwners { get; private set; }

    /// <summary>Of them, those that owned the game which was asked for.</summary>
    public int ProbedGames { get; private set; }

    /// <summary>Injects a fault and undoes it; what has been hit may still need time to recover.</summary>
    /// <returns>What was hit, for the record.</returns>
    /// <exception cref="BenchException">It cannot be done.</exception>
    public async Task<string> InjectAsync(Fault fault, CancellationToken stop)
    {
        var machine = await FindAsync(fault.Target, stop);
        switch (fault.Action)
        {
            case FaultAction.Kill:
            case FaultAction.Stop:
                await RestartAsync(fault, cluster.Machines[machine], stop);
                break;
            case FaultAction.Freeze when fault.Target == FaultTarget.Owner:
                await FreezeOwnerAsync(machine, stop);
                break;
            case FaultAction.Freeze:
                await FreezeAsync(ProcessesOf(fault.Target, cluster.Machines[machine])[0], stop);
                break;
            default:
                await CutAsync(fault.Target, machine, stop);
                break;
        }

        return $"machine {machine}";
    }

    private async Task<int> FindAsync(FaultTarget target, CancellationToken stop)
    {
        var isEtcd = target is FaultTarget.EtcdLeader or FaultTarget.EtcdFollower;
        var special = isEtcd ? await cluster.FindLeaderAsync(LeaderTimeout, stop) : cluster.Owner;
        if (target is not (FaultTarget.Standby or FaultTarget.EtcdFollower or FaultTarget.OtherMachine))
            return special;
        return Another(special, isEtcd ? ClusterShape.Etcds : cluster.Servers.Count);
    }

    // Any but this one.
    private int Another(int one, int count) => (one + 1 + random.Next(count - 1)) % count;

    // The fourth machine and those behind it have no etcd.
    private static ChildProcess[] ProcessesOf(FaultTarget target, Machine machine) => target switch
    {
        FaultTarget.EtcdLeader or FaultTarget.EtcdFollower => [machine.Etcd!],
        FaultTarget.OwnerMachine when machine.Etcd is { } etcd => [machine.Server!, etcd],
        _ => [machine.Server!],
    };

    private async Task RestartAsync(Fault fault, Machine machine, CancellationToken stop)
    {
        var processes = ProcessesOf(fault.Target, machine);
        foreach (var process in processes)
        {
            if (fault.Action == FaultAction.Kill)
                process.Signal(ChildProcess.SigKill);
            else
                await Machine.StopAsync(process);
        }

        await Task.Delay(AwayMin + ((AwayMax - AwayMin) * random.NextDouble()), stop);
        if (processes.Contains(machine.Etcd))
            machine.StartEtcd();
        if (processes.Contains(machine.Server))
            machine.StartServer();
    }

    private static async Task FreezeAsync(ChildProcess process, CancellationToken stop)
    {
        await process.PauseAsync();
        try
        {
            await Task.Delay(FreezeTime, stop);
        }
        finally
        {
            process.Resume();
        }
    }

    private async Task FreezeOwnerAsync(int machine, CancellationToken stop)
    {
        var owner = cluster.Machines[machine];
        var owned = await cluster.ReadOwnedShardsAsync(owner, stop);
        using var probe = await FrozenOwnerProbe.BeginAsync(cluster.Urls, owner.Site, cluster.Shape.GameShards, owned,
            stop);
        var epoch = cluster.Epoch;
        await owner.Server!.PauseAsync();
        try
        {
            await probe.AskFrozenAsync(stop);
            var frozen = Task.Delay(FreezeTime, stop);
            await TestedCluster.WaitAsync(() => Task.FromResult(cluster.Epoch > epoch || frozen.IsCompleted),
                "the table", FreezeTime * 2, stop);
            if (cluster.Epoch > epoch)
                await probe.GoOnAsync(cluster.Machines[cluster.Owner].Site.Url, stop);
            else
                WrongAnswers.Add("nobody took over from a frozen owner");
            await frozen;
        }
        finally
        {
            owner.Server.Resume();
        }

        ProbedOwners++;
        ProbedGames += probe.MeetsOwner ? 1 : 0;
        if (cluster.Epoch > epoch && await probe.CheckAsync(stop) is { } fault)
            WrongAnswers.Add(fault);
    }

    private async Task CutAsync(FaultTarget target, int machine, CancellationToken stop)
    {
        if (target == FaultTarget.OwnerUnplugged)
            networks!.Unplug(machine);
        else if (target == FaultTarget.OwnerAndStandby)
            networks!.CutServers(machine, Another(machine, cluster.Servers.Count));
        else
            networks!.CutOff(machine);
        try
        {
            await Task.Delay(CutTime, stop);
        }
        finally
        {
            networks.Heal();
        }
    }
}
