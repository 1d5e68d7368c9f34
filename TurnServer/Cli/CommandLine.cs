using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using TurnServer.Client;

namespace TurnServer.Cli;

/// <summary>Parses the command line, and detects mistakes that the library accepts or reports badly.</summary>
internal static class CommandLine
{
    private const string SettingsFile = "/etc/default/turnserver";

    // systemd.exec(5): the process that the service manager itself started.
    private static bool IsServiceProcess => Environment.GetEnvironmentVariable("SYSTEMD_EXEC_PID")
        == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Parses the arguments and the files of options that they name.</summary>
    /// <param name="root">The root command.</param>
    /// <param name="arguments">The arguments of the program.</param>
    /// <param name="errors">What is wrong, a line each.</param>
    public static ParseResult Parse(RootCommand root, string[] arguments, out IReadOnlyList<string> errors)
    {
        var given = new List<string>(arguments);
        var configuration = new ParserConfiguration();
        var read = configuration.ResponseFileTokenReplacer!;
        configuration.ResponseFileTokenReplacer = ReadFile;
        var result = root.Parse(arguments, configuration);
        // The library's errors blame what follows a missing value, so these come first.
        string[] missing = [.. given.Where(HasEmptyValue).Select(flag => $"{flag}: give a value, or leave out the =."),
            .. FindMissingValues(result)];
        errors = missing.Length > 0 ? missing : [.. result.Errors.Select(error => Explain(error, result))];
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
                (tokens, error) = (null, $"Cannot read the file '{name}': it is a directory, or permission is denied.");
                return false;
            }
        }
    }

    /// <summary>Prints each error on a line of standard error, and a hint; returns the exit code.</summary>
    /// <param name="errors">What is wrong; user names and passwords of URLs in it are not printed.</param>
    /// <param name="format">The log format.</param>
    /// <param name="command">The command as it is typed, such as <c>turnserver connect</c>.</param>
    public static int Refuse(IEnumerable<string> errors, LogFormat format, string command = "turnserver")
    {
        var hint = IsServiceProcess
            ? $"The settings of the service are in {SettingsFile}; {Environment.ProcessPath} --help lists them."
            : $"{command} --help lists the options.";
        Logging.Refuse(format, errors.Select(ServerUrl.HideUserInfo), hint);
        return ExitCode.Usage;
    }

    // --trust-proxy= would count as --trust-proxy, although the shell has dropped an unset variable.
    private static bool HasEmptyValue(string argument) =>
        argument.StartsWith("--", StringComparison.Ordinal) && argument.IndexOf('=') == argument.Length - 1
        && argument.Length > "--=".Length;

    // The library takes the next option for the value, as in --state $UNSET --port 80.
    private static IEnumerable<string> FindMissingValues(ParseResult result) =>
        from given in result.CommandResult.Children.OfType<OptionResult>()
        from value in given.Tokens
        where result.CommandResult.Command.Options.Any(option => IsNamed(option, value.Value))
        select $"{given.Option.Name}: give a value; {value.Value} is the next option.";

    private static bool IsNamed(Option option, string text) => option.Name == text || option.Aliases.Contains(text);

    private static string Explain(ParseError error, ParseResult result) =>
        result.UnmatchedTokens.FirstOrDefault(token => error.Message.Contains($"'{token}'", StringComparison.Ordinal))
            is { } unknown
            ? unknown.StartsWith('-') ? $"unknown option {unknown}." : $"unknown command or argument {unknown}."
            : error.Message;
}
