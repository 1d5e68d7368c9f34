namespace TurnServer.Cli;

/// <summary>Says what is wrong with a command line.</summary>
internal static class UsageError
{
    /// <summary>Prints one line for each error on standard error; returns the exit code.</summary>
    public static int Print(IEnumerable<string> errors)
    {
        foreach (var error in errors)
            Console.Error.WriteLine($"turnserver: {error}");
        Console.Error.WriteLine("turnserver --help lists the flags.");
        return ExitCode.Usage;
    }
}
