using System.Diagnostics;

namespace TurnServer.Tests.Simulation;

/// <summary>Makes the server of one history.</summary>
internal delegate Server ServerMaker(World world);

/// <summary>Plays histories drawn from a seed, until one fails, and shrinks that one.</summary>
internal sealed class Simulator(ServerMaker maker, bool canCrash)
{
    /// <summary>The rules alone.</summary>
    public static Simulator OfTable() =>
        new(world => new TableServer(world.Options, Keys(world)), canCrash: false);

    /// <summary>
    /// The rules and the journal. In one half of the histories the server is killed, in the other the power goes.
    /// </summary>
    public static Simulator OfJournaled() => new(
        world => new JournaledServer(world.Options, Keys(world), losesPower: world.Seed % 2 == 0), canCrash: true);

    // Whoever asks only whether there is a fault need not wait for the shortest history that has it.
    private bool _shrinks = true;

    public Tallies Tallies { get; } = new();

    /// <summary>How long those took that went well.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>How many histories have been played to the end.</summary>
    public long Histories { get; private set; }

    /// <summary>Plays so many histories, or fewer if one fails: then that one.</summary>
    /// <param name="acts">The acts of each; null: as drawn.</param>
    public Failure? Run(ulong seed, long histories, int? acts = null)
    {
        for (var number = 0L; number < histories; number++)
        {
            // A single history is the seed's own, so that a failing one can be asked for.
            var own = number == 0 ? seed : Chance.Derive(seed, (ulong)number);
            if (RunOne(own, acts) is { } failure)
                return failure;
        }

        return null;
    }

    /// <summary>What went wrong, not shrunk, and how many histories went well before.</summary>
    public static (string? Failure, long Histories) RunForMutation(ulong seed, long histories, bool canCrash)
    {
        var simulator = canCrash ? OfJournaled() : OfTable();
        simulator._shrinks = false;
        var failure = simulator.Run(seed, histories);
        return (failure?.Fault.Message, simulator.Histories);
    }

    private Failure? RunOne(ulong seed, int? acts)
    {
        var size = HistorySize.Draw(new Chance(Chance.Derive(seed, 0x517E)), acts);
        var script = Script.Of(seed, size, canCrash);
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            Tallies.Add(History.Play(script.World, script.Acts, maker(script.World)));
            Histories++;
            Elapsed += Stopwatch.GetElapsedTime(startedAt);
            return null;
        }
        catch (Exception fault) when (IsFinding(fault))
        {
            var failure = Shrinker.Shrink(script, fault, maker, Histories, _shrinks);
            return failure with { Steps = acts, CanCrash = canCrash };
        }
    }

    /// <summary>Whether it is the server's fault, or the model's: what it throws is a bug too.</summary>
    public static bool IsFinding(Exception fault) => fault is not OutOfMemoryException;

    private static SeededKeys Keys(World world) => new(world.Seed ^ 0x4E75, world.RepeatsKeys);
}
