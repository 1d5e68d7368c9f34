using System.Diagnostics;

namespace TurnServer.Tests.Simulation;

/// <summary>What is simulated.</summary>
public enum SimulationKind
{
    /// <summary>The rules alone.</summary>
    Table,

    /// <summary>The rules with the journal, which crashes and loses power.</summary>
    Journal,

    /// <summary>Several servers on one log, whose owner dies, freezes or stops at any moment.</summary>
    Cluster,

    /// <summary>Players and games spread over shards, which tell each other what they have to.</summary>
    Shards,
}

/// <summary>Creates the server of a history.</summary>
internal delegate SimulatedServer ServerFactory(World world);

/// <summary>
/// Plays histories drawn from a seed until one fails, and shrinks the failure. A history (Histories/) is a list of
/// steps of simulated players (Players/). The harness carries their requests over a faulty network to the server under
/// test (Servers/) and compares its replies with a model of the protocol (Model/) and with invariants (Checks/).
/// Mutations/ tests the simulation itself.
/// </summary>
/// <param name="createServer">Creates the server.</param>
/// <param name="kind">What that server is.</param>
internal sealed class Simulator(ServerFactory createServer, SimulationKind kind)
{
    /// <summary>A simulator of this kind.</summary>
    public static Simulator For(SimulationKind kind) => kind switch
    {
        SimulationKind.Table => ForTable(),
        SimulationKind.Journal => ForJournal(),
        SimulationKind.Cluster => ForCluster(),
        _ => ForShards(),
    };

    /// <summary>The rules alone.</summary>
    public static Simulator ForTable() =>
        new(world => new TableServer(world.Options, Keys(world)), SimulationKind.Table);

    /// <summary>
    /// The rules with the journal. Half of the histories have process crashes, the other half power losses.
    /// </summary>
    public static Simulator ForJournal() => new(
        world => new JournaledServer(world.Options, Keys(world), losesPower: world.Seed % 2 == 0),
        SimulationKind.Journal);

    /// <summary>Several servers on one log, whose owner dies, freezes or stops at any moment.</summary>
    public static Simulator ForCluster() => new(
        world => new ClusterServer(world.Options, Keys(world), world.Seed), SimulationKind.Cluster);

    /// <summary>A lobby and shards with games, whose owners are replaced and whose messages are lost.</summary>
    public static Simulator ForShards() => new(
        world => new ShardedServer(world,
            shard => new SeededKeys(SeededRandom.Derive(world.Seed, (ulong)shard), world.RepeatsKeys)),
        SimulationKind.Shards);

    // The mutation tests need only know whether a history fails.
    private bool _shrinks = true;

    public Statistics Statistics { get; } = new();

    /// <summary>The time that passed histories took.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>How many histories have passed.</summary>
    public long Histories { get; private set; }

    /// <summary>Plays histories until one fails. Returns the failure, or null.</summary>
    /// <param name="seed">The first history's seed; the others' are derived from it.</param>
    /// <param name="histories">How many to play.</param>
    /// <param name="steps">The number of steps in each; null: drawn from the seed.</param>
    public Failure? Run(ulong seed, long histories, int? steps = null)
    {
        for (var number = 0L; number < histories; number++)
        {
            // The first history has the seed itself, so that a failure can be replayed alone.
            var own = number == 0 ? seed : SeededRandom.Derive(seed, (ulong)number);
            if (RunOne(own, steps) is { } failure)
                return failure;
        }

        return null;
    }

    /// <summary>The first failure, not shrunk, and how many histories passed before it.</summary>
    public static (string? Failure, long Histories) RunForMutation(ulong seed, long histories, string kind)
    {
        var simulator = For(Enum.Parse<SimulationKind>(kind));
        simulator._shrinks = false;
        var failure = simulator.Run(seed, histories);
        return (failure?.Fault.Message, simulator.Histories);
    }

    private Failure? RunOne(ulong seed, int? steps)
    {
        var size = HistorySize.Draw(new SeededRandom(SeededRandom.Derive(seed, 0x517E)), steps);
        var plan = HistoryPlan.Of(seed, size, kind != SimulationKind.Table);
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            Statistics.Add(History.Play(plan.World, plan.Steps, createServer(plan.World)));
            Histories++;
            Elapsed += Stopwatch.GetElapsedTime(startedAt);
            return null;
        }
        catch (Exception fault) when (IsFinding(fault))
        {
            var failure = Shrinker.Shrink(plan, fault, createServer, Histories, _shrinks);
            return failure with { StepsRequested = steps, Kind = kind };
        }
    }

    /// <summary>Whether an exception is a finding: any bug in server or model is.</summary>
    public static bool IsFinding(Exception fault) => fault is not OutOfMemoryException;

    private static SeededKeys Keys(World world) => new(world.Seed ^ 0x4E75, world.RepeatsKeys);
}
