using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Text;

namespace TurnServer.Cli;

/// <summary>The <c>--help</c> of a command.</summary>
/// <param name="Title">What it does, in one or two lines.</param>
/// <param name="Usage">How it is called.</param>
/// <param name="Words">Rows before the flags, such as the arguments: the group's name and its rows; null: none.</param>
/// <param name="Flags">The flags, in order; those of one group stand together.</param>
/// <param name="Closing">Further explanations.</param>
internal sealed record HelpPage(string Title, string Usage, (string Group, (string Word, string Help)[] Rows)? Words,
    IReadOnlyList<Flag> Flags, string Closing)
{
    /// <summary>What each exit code means, for a section of its own.</summary>
    public IReadOnlyList<(int Code, string Meaning)> ExitCodes { get; init; } = [];
}

/// <summary>Prints help pages: flags in groups, with values and defaults.</summary>
/// <param name="root">The page of the root command.</param>
/// <param name="pages">The pages of the other commands.</param>
internal sealed class HelpText(HelpPage root, IReadOnlyDictionary<Command, HelpPage> pages)
    : SynchronousCommandLineAction
{
    private const int Indent = 2;
    private const int FlagsWidth = 36;
    private const int CodesWidth = 5;
    private const int LineWidth = 100;

    /// <summary>Help is printed whatever else is wrong.</summary>
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
        if (page.Words is { } words)
            AppendGroup(text, words.Group, words.Rows);
        var groups = page.Flags.GroupBy(flag => flag.Group).ToList();
        (string, string)[] last = [(Spell("-h", "--help", null), "print this page")];
        if (isRoot)
            last = [.. last, (Spell(null, "--version", null), "print the version")];
        // A page with one group of flags has --help in that group.
        foreach (var group in groups)
        {
            var rows = group.Select(flag => (Spell(flag.Alias, flag.Name, flag.ValueName), Explain(flag)));
            AppendGroup(text, group.Key, groups.Count == 1 ? rows.Concat(last) : rows);
        }

        if (groups.Count != 1)
            AppendGroup(text, groups.Count == 0 ? "Options" : "Other", last);
        if (page.Closing.Length > 0)
            text.AppendLine().AppendLine(page.Closing);
        if (page.ExitCodes.Count > 0)
        {
            AppendGroup(text, "Exit codes", page.ExitCodes.Select(row =>
                (row.Code.ToString(CultureInfo.InvariantCulture), row.Meaning)), CodesWidth);
        }

        return text.ToString();
    }

    private static void AppendGroup(StringBuilder text, string group, IEnumerable<(string Left, string Right)> rows,
        int leftWidth = FlagsWidth)
    {
        text.AppendLine().AppendLine($"{group}:");
        foreach (var (left, right) in rows)
            AppendRow(text, left, right, leftWidth);
    }

    private static string Spell(string? alias, string name, string? valueName) =>
        (alias is null ? "    " : alias + ", ") + name + (valueName is null ? "" : " " + valueName);

    private static string Explain(Flag flag) =>
        flag.DefaultText is null ? flag.Help : $"{flag.Help} [{flag.DefaultText}]";

    private static void AppendRow(StringBuilder text, string left, string right, int leftWidth)
    {
        var column = Indent + leftWidth;
        text.Append(' ', Indent).Append(left.PadRight(leftWidth));
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
