using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;

namespace TurnServer.Cli;

/// <summary>What <c>--help</c> says of one command.</summary>
/// <param name="Title">What it does, in one line or a few.</param>
/// <param name="Usage">How it is called.</param>
/// <param name="Words">A group of rows before the flags, such as the arguments: its name, and its rows.</param>
/// <param name="Flags">The flags, in order; those of one group stand together.</param>
/// <param name="Closing">What is to be said at the end.</param>
internal sealed record HelpPage(string Title, string Usage, (string Group, (string Word, string Help)[] Rows) Words,
    IReadOnlyList<Flag> Flags, string Closing);

/// <summary>Prints <c>--help</c>: flags in groups, with values and defaults.</summary>
/// <param name="root">The page of the program itself.</param>
/// <param name="pages">Those of its commands.</param>
internal sealed class HelpText(HelpPage root, IReadOnlyDictionary<Command, HelpPage> pages)
    : SynchronousCommandLineAction
{
    private const int Indent = 2;
    private const int FlagsWidth = 36;
    private const int LineWidth = 100;

    /// <summary>Who asks for help gets it, whatever else is wrong.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var page = pages.GetValueOrDefault(parseResult.CommandResult.Command, root);
        parseResult.InvocationConfiguration.Output.Write(Compose(page, isRoot: page == root));
        return ExitCode.Ok;
    }

    private static string Compose(HelpPage page, bool isRoot)
    {
        var text = new StringBuilder();
        text.AppendLine(page.Title).AppendLine().AppendLine($"Usage: {page.Usage}");
        text.AppendLine().AppendLine($"{page.Words.Group}:");
        foreach (var (word, help) in page.Words.Rows)
            AppendRow(text, word, help);
        foreach (var group in page.Flags.GroupBy(flag => flag.Group))
        {
            text.AppendLine().AppendLine($"{group.Key}:");
            foreach (var flag in group)
                AppendRow(text, Spell(flag.Alias, flag.Name, flag.ValueName), Explain(flag));
        }

        text.AppendLine().AppendLine("Other:");
        AppendRow(text, Spell("-h", "--help", null), "this page");
        if (isRoot)
            AppendRow(text, Spell(null, "--version", null), "the version");
        return text.AppendLine().AppendLine(page.Closing).ToString();
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
