namespace TurnServer.Cli;

/// <summary>Says what is wrong with a command line.</summary>
internal static class UsageError
{
    /// <summary>Prints one line for each error on standard error; returns the exit code.</summary>
    /// <param name="errors">What is wrong.</param>
    /// <param name="command">The words that begin the command line, such as <c>turnserver connect</c>.</param>
    public static int Print(IEnumerable<string> errors, string command = "turnserver")
    {
        foreach (var error in errors)
            Console.Error.WriteLine($"turnserver: {error}");
        Console.Error.WriteLine($"{command} --help lists the flags.");
        return ExitCode.Usage;
    }
}
