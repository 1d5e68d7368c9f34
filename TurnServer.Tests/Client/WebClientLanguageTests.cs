using System.Text.RegularExpressions;
using Acornima;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>turn-client.js runs in the browsers that its first lines name.</summary>
internal sealed partial class WebClientLanguageTests
{
    [Test]
    public void Syntax_IsES2018()
    {
        var text = Repository.Read("TurnServer/Client/turn-client.js");
        Assert.That(text, Does.Contain("// Needs ES2018"));
        var parser = new Parser(new ParserOptions { EcmaVersion = EcmaVersion.ES2018 });
        Assert.That(() => parser.ParseModule(text), Throws.Nothing);
        Assert.That(() => parser.ParseModule("a ??= b"), Throws.InstanceOf<ParseErrorException>());
    }

    [Test]
    public void Library_IsES2018()
    {
        var text = Repository.Read("TurnServer/Client/turn-client.js");
        Assert.That(Newer().Matches(text).Select(match => match.Value), Is.Empty);
    }

    // Newer library members, which a parser accepts, and regular expression syntax that Firefox supported late.
    [GeneratedRegex(@"AbortSignal\b|randomUUID|structuredClone|\.at\(|hasOwn|replaceAll|matchAll|fromEntries"
        + @"|withResolvers|allSettled|isWellFormed|\.flat|globalThis|queueMicrotask|\\p\{|\(\?<")]
    private static partial Regex Newer();
}
