using TurnServer.Client;

namespace TurnServer.Cli;

/// <summary>Says what is wrong with a command line.</summary>
internal static class UsageError
{
    /// <summary>Prints one line for each error on standard error; returns the exit code.</summary>
    /// <param name="errors">What is wrong; a user name or password of a URL in it is not repeated.</param>
    /// <param name="format">How the log is written.</param>
    /// <param name="command">The words that begin the command line, such as <c>turnserver connect</c>.</param>
    public static int Print(IEnumerable<string> errors, LogFormat format, string command = "turnserver")
    {
        Logging.Refuse(format, errors.Select(ServerUrl.HideUserInfo), $"{command} --help lists the flags.");
        return ExitCode.Usage;
    }
}
