namespace TurnServer.Bench.Rivals;

/// <summary>What to measure.</summary>
internal sealed record RivalsOptions
{
    /// <summary>One port for each rival and for <see cref="With"/>.</summary>
    public const int PortsUsed = 9;

    /// <summary>Length of each run: one at full speed and one at a pace.</summary>
    public TimeSpan RunLength { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Measured rounds, after one to warm up.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>How many pairs play at once.</summary>
    public int Pairs { get; init; } = 50;

    /// <summary>How many players are connected to measure memory; 0: memory is not measured.</summary>
    public int Idle { get; init; } = 2000;

    /// <summary>The names of those to measure; empty: all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Where programs are installed.</summary>
    public string Folder { get; init; } = Workshop.DefaultFolder;

    /// <summary>Whether to run the C# servers on the JIT compiler instead of compiling them ahead of time.</summary>
    public bool IsJit { get; init; }

    /// <summary>The executable of another build of this server, to be measured as well; null: none.</summary>
    public string? With { get; init; }

    /// <summary>Those to measure, in the order of their ports; those that are not wanted are null.</summary>
    public IReadOnlyList<Rival?> Wanted =>
    [
        .. Rival.All.Select(rival => Only.Count == 0 || Only.Contains(rival.Name) ? rival : null),
        With is null ? null : Rival.OfBuild(With),
    ];

    /// <summary>The first of <see cref="PortsUsed"/> ports.</summary>
    public required int Port { get; init; }
}
