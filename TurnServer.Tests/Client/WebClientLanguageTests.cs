using System.Text.RegularExpressions;
using Acornima;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>The client for web pages is written in the language that its head names.</summary>
internal sealed partial class WebClientLanguageTests
{
    [Test]
    public void It_is_ES2018_as_its_head_says()
    {
        var text = Repository.Read("TurnServer/Client/turn-client.js");
        Assert.That(text, Does.Contain("// Needs ES2018"));
        var parser = new Parser(new ParserOptions { EcmaVersion = EcmaVersion.ES2018 });
        Assert.That(() => parser.ParseModule(text), Throws.Nothing);
        Assert.That(() => parser.ParseModule("a ??= b"), Throws.InstanceOf<ParseErrorException>());
    }

    [Test]
    public void It_uses_nothing_that_is_younger()
    {
        var text = Repository.Read("TurnServer/Client/turn-client.js");
        Assert.That(Young().Matches(text).Select(match => match.Value), Is.Empty);
    }

    // What a parser passes: members of the library, and parts of regular expressions that Firefox learned late.
    [GeneratedRegex(@"AbortSignal\b|randomUUID|structuredClone|\.at\(|hasOwn|replaceAll|matchAll|fromEntries|withResolvers"
        + @"|allSettled|isWellFormed|\.flat|globalThis|queueMicrotask|\\p\{|\(\?<")]
    private static partial Regex Young();
}
