using System.Text;
using System.Text.RegularExpressions;

namespace TurnServer.Tests.Support;

/// <summary>
/// The keys that the server drew, under a scenario's names for them: <c>{name}</c> in an expected reply binds the name
/// at its first use and must match after that. <c>&lt;&lt;x*16000&gt;&gt;</c> is the letter x 16,000 times.
/// </summary>
internal sealed partial class Bindings
{
    private readonly Dictionary<string, string> _bound = [];

    public string this[string name] => _bound[name];

    /// <summary>Replaces the names in a request body by their keys.</summary>
    public string Fill(string body) =>
        Name().Replace(ExpandRuns(body), hit => _bound.GetValueOrDefault(hit.Groups[1].Value, hit.Value));

    /// <summary>Whether a reply matches a pattern; binds the pattern's new names.</summary>
    public bool Matches(string pattern, string reply)
    {
        var hit = Regex.Match(reply, ToRegex(ExpandRuns(pattern), out var names), RegexOptions.Singleline);
        if (!hit.Success)
            return false;
        foreach (var name in names)
            _bound[name] = hit.Groups[name].Value;
        return true;
    }

    private static string ExpandRuns(string text) => Run().Replace(text,
        hit => new string(hit.Groups[1].Value[0], int.Parse(hit.Groups[2].ValueSpan)));

    private string ToRegex(string pattern, out List<string> names)
    {
        names = [];
        var regex = new StringBuilder(@"\A");
        var last = 0;
        foreach (var hit in Name().Matches(pattern).Cast<Match>())
        {
            regex.Append(Regex.Escape(pattern[last..hit.Index]));
            last = hit.Index + hit.Length;
            var name = hit.Groups[1].Value;
            if (_bound.TryGetValue(name, out var key))
                regex.Append(Regex.Escape(key));
            else if (names.Contains(name))
                regex.Append($@"\k<{name}>");
            else
                regex.Append($"(?<{name}>[0-9]+)");
            if (!_bound.ContainsKey(name) && !names.Contains(name))
                names.Add(name);
        }

        return regex.Append(Regex.Escape(pattern[last..])).Append(@"\z").ToString();
    }

    [GeneratedRegex(@"\{([a-z]\w*)\}")]
    private static partial Regex Name();

    [GeneratedRegex(@"<<(.)\*([0-9]+)>>", RegexOptions.Singleline)]
    private static partial Regex Run();
}
