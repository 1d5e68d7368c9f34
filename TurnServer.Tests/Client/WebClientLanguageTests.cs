using System.Text.RegularExpressions;
using Acornima;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>The web client runs in the browsers that turn-client.js names.</summary>
internal sealed partial class WebClientLanguageTests
{
    // What the package has: not its tests.
    private static readonly string[] Shipped =
        [.. Repository.Files("*.js").Where(name => Path.GetDirectoryName(name) == "TurnServer/Client/web")];

    private static readonly Parser Parser = new(new ParserOptions { EcmaVersion = EcmaVersion.ES2018 });

    [TestCaseSource(nameof(Shipped))]
    public void Syntax_IsES2018(string name) =>
        Assert.That(() => Parser.ParseModule(Repository.Read(name)), Throws.Nothing);

    [Test]
    public void Syntax_ThatIsNewer_IsFound() =>
        Assert.That(() => Parser.ParseModule("a ??= b"), Throws.InstanceOf<ParseErrorException>());

    [Test]
    public void ClientNamesItsLanguage() =>
        Assert.That(Repository.Read("TurnServer/Client/web/turn-client.js"), Does.Contain("// Needs ES2018"));

    [TestCaseSource(nameof(Shipped))]
    public void Library_IsES2018(string name) =>
        Assert.That(Newer().Matches(Repository.Read(name)).Select(match => match.Value), Is.Empty);

    // Newer library members, which a parser accepts, and regular expression syntax that Firefox supported late.
    [GeneratedRegex(@"AbortSignal\b|randomUUID|structuredClone|\.at\(|hasOwn|replaceAll|matchAll|fromEntries"
        + @"|withResolvers|allSettled|isWellFormed|\.flat|globalThis|queueMicrotask|\\p\{|\(\?<")]
    private static partial Regex Newer();
}
