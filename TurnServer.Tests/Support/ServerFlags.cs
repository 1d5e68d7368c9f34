using System.CommandLine;
using TurnServer.Cli;

namespace TurnServer.Tests.Support;

/// <summary>The server's command line without the process.</summary>
internal static class ServerFlags
{
    /// <summary>The errors of a command line, as the program reports them.</summary>
    public static IReadOnlyList<string> ErrorsOf(params string[] arguments)
    {
        var flags = new ServeFlags();
        var root = new RootCommand();
        foreach (var flag in flags.All)
            root.Add(flag.Option);
        var result = TurnServer.Cli.CommandLine.Parse(root, arguments, out var errors);
        if (errors.Count > 0)
            return errors;
        var wrongValues = new List<string>();
        flags.Read(result, wrongValues);
        return wrongValues;
    }
}
