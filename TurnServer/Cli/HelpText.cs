using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text;

namespace TurnServer.Cli;

/// <summary>Prints <c>--help</c>: flags in groups, with values and defaults.</summary>
internal sealed class HelpText(IReadOnlyList<Flag> flags) : SynchronousCommandLineAction
{
    private const int Indent = 2;
    private const int FlagsWidth = 36;
    private const int LineWidth = 100;

    /// <summary>The version of this build, such as 1.0.0.</summary>
    public static string Version { get; } =
        typeof(HelpText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    /// <summary>Who asks for help gets it, whatever else is wrong.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.Write(Compose());
        return ExitCode.Ok;
    }

    internal string Compose()
    {
        var text = new StringBuilder();
        text.AppendLine($"TurnServer {Version}: a turn relay for two-player mobile games over plain HTTP.");
        text.AppendLine();
        text.AppendLine("Usage: turnserver [flags] [@FILE]");
        foreach (var group in flags.GroupBy(flag => flag.Group))
        {
            text.AppendLine().AppendLine($"{group.Key}:");
            foreach (var flag in group)
                AppendRow(text, Spell(flag.Alias, flag.Name, flag.ValueName), Explain(flag));
        }

        text.AppendLine().AppendLine("Other:");
        AppendRow(text, Spell("-h", "--help", null), "this page");
        AppendRow(text, Spell(null, "--version", null), "the version");
        text.AppendLine();
        text.Append("""
            Each flag can also come from the environment: --max-wait as TURNSERVER_MAX_WAIT, and so on. The flag
            wins. @FILE reads flags from a file, as they would stand here, on any number of lines.

            Exit codes: 0 stopped by SIGTERM or SIGINT; 1 cannot listen; 2 a flag is wrong; 3 failed on a bug.

            """);
        return text.ToString();
    }

    private static string Spell(string? alias, string name, string? valueName) =>
        (alias is null ? "    " : alias + ", ") + name + (valueName is null ? "" : " " + valueName);

    private static string Explain(Flag flag) =>
        flag.DefaultText is null ? flag.Help : $"{flag.Help} [{flag.DefaultText}]";

    private static void AppendRow(StringBuilder text, string left, string right)
    {
        var column = Indent + FlagsWidth;
        text.Append(' ', Indent).Append(left.PadRight(FlagsWidth));
        var width = column;
        foreach (var word in right.Split(' '))
        {
            if (width + word.Length > LineWidth)
            {
                text.AppendLine().Append(' ', column);
                width = column;
            }

            text.Append(width > column ? " " : "").Append(word);
            width += word.Length + 1;
        }

        text.AppendLine();
    }
}
