namespace TurnServer.Bench.Cluster.Faults;

/// <summary>What is done to a part of the cluster.</summary>
internal enum FaultAction
{
    /// <summary>SIGKILL, and a start after a moment.</summary>
    Kill,

    /// <summary>SIGTERM, and a start after a moment.</summary>
    Stop,

    /// <summary>SIGSTOP, and SIGCONT after ten seconds.</summary>
    Freeze,

    /// <summary>Nothing gets through for seven seconds, and nobody is told so.</summary>
    Cut,
}

/// <summary>Which part, as things are when the fault happens.</summary>
internal enum FaultTarget
{
    /// <summary>The server that owns the table, or with shards the lobby.</summary>
    Owner,

    /// <summary>Another server.</summary>
    Standby,

    EtcdLeader,

    EtcdFollower,

    /// <summary>The owner's machine: its server and its etcd. Cut: from the other machines, not from players.</summary>
    OwnerMachine,

    /// <summary>Another machine, in the same way.</summary>
    OtherMachine,

    /// <summary>The machine of the owner, cut from everybody.</summary>
    OwnerUnplugged,

    /// <summary>The owner and one standby, cut from each other, while both reach etcd.</summary>
    OwnerAndStandby,
}

/// <summary>One fault.</summary>
internal readonly record struct Fault(FaultAction Action, FaultTarget Target)
{
    // Of 50: 25 kills, 12 stops, 6 freezes, 7 cuts; a freeze or a cut takes about 11 s.
    private static readonly (Fault Fault, int Count)[] Mix =
    [
        (new(FaultAction.Kill, FaultTarget.Owner), 10),
        (new(FaultAction.Kill, FaultTarget.Standby), 4),
        (new(FaultAction.Kill, FaultTarget.EtcdLeader), 4),
        (new(FaultAction.Kill, FaultTarget.EtcdFollower), 4),
        (new(FaultAction.Kill, FaultTarget.OwnerMachine), 3),
        (new(FaultAction.Stop, FaultTarget.Owner), 7),
        (new(FaultAction.Stop, FaultTarget.Standby), 2),
        (new(FaultAction.Stop, FaultTarget.EtcdLeader), 2),
        (new(FaultAction.Stop, FaultTarget.EtcdFollower), 1),
        (new(FaultAction.Freeze, FaultTarget.Owner), 3),
        (new(FaultAction.Freeze, FaultTarget.Standby), 1),
        (new(FaultAction.Freeze, FaultTarget.EtcdLeader), 1),
        (new(FaultAction.Freeze, FaultTarget.EtcdFollower), 1),
        (new(FaultAction.Cut, FaultTarget.OwnerMachine), 3),
        (new(FaultAction.Cut, FaultTarget.OtherMachine), 1),
        (new(FaultAction.Cut, FaultTarget.OwnerUnplugged), 2),
        (new(FaultAction.Cut, FaultTarget.OwnerAndStandby), 1),
    ];

    /// <summary>Such as <c>kill owner</c>.</summary>
    public string Name => $"{Action} {Target}" switch
    {
        "Cut OwnerUnplugged" => "cut owner's machine off from all",
        "Cut OwnerAndStandby" => "cut owner from a standby",
        "Cut OwnerMachine" => "cut owner's machine from the others",
        "Cut OtherMachine" => "cut another machine from the others",
        "Kill OwnerMachine" => "kill owner and its machine's etcd",
        _ => $"{Action.ToString().ToLowerInvariant()} {TargetName}",
    };

    /// <summary>Draws faults: the mix in random order, as often as needed.</summary>
    /// <param name="count">How many.</param>
    /// <param name="random">The source.</param>
    /// <param name="hasNetworks">Whether machines can be cut off.</param>
    /// <param name="only">Part of the names of those to choose from; null: all.</param>
    /// <exception cref="BenchException">There is no fault of such a name.</exception>
    public static IReadOnlyList<Fault> Draw(int count, Random random, bool hasNetworks, string? only)
    {
        Fault[] mix =
        [
            .. Mix.Where(entry => (hasNetworks || entry.Fault.Action != FaultAction.Cut)
                    && (only is null || entry.Fault.Name.Contains(only, StringComparison.Ordinal)))
                .SelectMany(entry => Enumerable.Repeat(entry.Fault, entry.Count)),
        ];
        if (mix.Length == 0)
            throw new BenchException($"no fault has a name with \"{only}\" in it");
        var drawn = new List<Fault>();
        while (drawn.Count < count)
        {
            random.Shuffle(mix);
            drawn.AddRange(mix);
        }

        return drawn[..count];
    }

    private string TargetName => Target switch
    {
        FaultTarget.EtcdLeader => "etcd's leader",
        FaultTarget.EtcdFollower => "a follower of etcd",
        FaultTarget.Standby => "standby",
        _ => "owner",
    };
}
