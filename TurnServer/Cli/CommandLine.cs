using System.CommandLine;
using TurnServer.Client;

namespace TurnServer.Cli;

/// <summary>Parses a command line, and refuses what the library passes over or fails on.</summary>
internal static class CommandLine
{
    /// <summary>Parses it, files with further flags included.</summary>
    /// <param name="root">The program itself.</param>
    /// <param name="arguments">As the program got them.</param>
    /// <param name="errors">What is wrong, a line each.</param>
    public static ParseResult Parse(RootCommand root, string[] arguments, out IReadOnlyList<string> errors)
    {
        var given = new List<string>(arguments);
        var configuration = new ParserConfiguration();
        var read = configuration.ResponseFileTokenReplacer!;
        configuration.ResponseFileTokenReplacer = ReadFile;
        var result = root.Parse(arguments, configuration);
        // The library takes --trust-proxy= as --trust-proxy, although the value was meant to come from a variable.
        var empty = given.Where(IsFlagWithEmptyValue).Select(flag => $"{flag}: give a value, or leave out the =.");
        errors = empty.ToList() is { Count: > 0 } found ? found : [.. result.Errors.Select(error => error.Message)];
        return result;

        bool ReadFile(string name, out IReadOnlyList<string>? tokens, out string? error)
        {
            try
            {
                var isRead = read(name, out tokens, out error);
                given.AddRange(tokens ?? []);
                return isRead;
            }
            catch (UnauthorizedAccessException)
            {
                (tokens, error) = (null, $"Cannot read the file '{name}': it is a directory, or not this user's.");
                return false;
            }
        }
    }

    /// <summary>Prints one line for each error on standard error; returns the exit code.</summary>
    /// <param name="errors">What is wrong; a user name or password of a URL in it is not repeated.</param>
    /// <param name="format">How the log is written.</param>
    /// <param name="command">The words that begin the command line, such as <c>turnserver connect</c>.</param>
    public static int Refuse(IEnumerable<string> errors, LogFormat format, string command = "turnserver")
    {
        Logging.Refuse(format, errors.Select(ServerUrl.HideUserInfo), $"{command} --help lists the flags.");
        return ExitCode.Usage;
    }

    private static bool IsFlagWithEmptyValue(string argument) =>
        argument.StartsWith("--", StringComparison.Ordinal) && argument.IndexOf('=') == argument.Length - 1
        && argument.Length > "--=".Length;
}
