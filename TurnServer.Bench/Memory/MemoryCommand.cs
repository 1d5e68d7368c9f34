namespace TurnServer.Bench.Memory;

/// <summary>Managed memory per waiting player and per idle game.</summary>
internal static class MemoryCommand
{
    private const int Players = 100_000;
    private const int Games = 50_000;
    private const int PlayerBytesGoal = 500;
    private const int GameBytesGoal = 1200;

    /// <summary>Measures and prints; returns the exit code.</summary>
    public static int Run()
    {
        Console.WriteLine("what                                count  bytes each  goal");
        Print("player waiting for anyone", Players, PlayerBytesGoal, population => population.AddStrangers(Players));
        Print("player waiting for a named partner", Players, PlayerBytesGoal,
            population => population.AddUnmatched(Players));
        Print("idle game, one turn each way", Games, GameBytesGoal, population => population.AddGames(Games));
        return 0;
    }

    private static void Print(string what, int count, int goal, Action<Population> populate)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var population = new Population(Inputs.Options);
        populate(population);
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)count;
        GC.KeepAlive(population);
        Console.WriteLine($"{what,-34} {count,6} {bytes,11:0} {goal,5}");
    }
}
