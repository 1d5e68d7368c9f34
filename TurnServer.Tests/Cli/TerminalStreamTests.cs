using System.Text;
using TurnServer.Cli;

namespace TurnServer.Tests.Cli;

/// <summary>Untrusted text on a terminal.</summary>
internal sealed class TerminalStreamTests
{
    [TestCase("a line\twith a tab\n", "a line\twith a tab\n")]
    [TestCase("José, 한, 😀, 👩\u200d💻\n", "José, 한, 😀, 👩\u200d💻\n")]
    [TestCase("\u001b[2J\u001b]0;title\u0007", @"\x1b[2J\x1b]0;title\x07")]
    [TestCase("over\rwritten\b\u007f", @"over\x0dwritten\x08\x7f")]
    [TestCase("\u009b31m \u0085", @"\x9b31m \x85")]
    [TestCase("\u202eevil\u2066\u2028", @"\u202eevil\u2066\u2028")]
    [TestCase("\U000e0041", @"\U000e0041")]
    [TestCase("\0", @"\x00")]
    public void Write_OfControlCharacters_EscapesThem(string text, string shown)
    {
        Assert.That(Show(Encoding.UTF8.GetBytes(text)), Is.EqualTo(shown));
        // Split at every byte.
        Assert.That(Show([.. Encoding.UTF8.GetBytes(text).Select(value => new[] { value })]), Is.EqualTo(shown));
    }

    [Test]
    public void Write_OfInvalidUtf8_EscapesTheBytes() =>
        Assert.That(Show([0x61, 0x9b, 0x32, 0x4a, 0xe2, 0x82, 0x0a, 0xff]), Is.EqualTo("a\\x9b2J\\xe2\\x82\n\\xff"));

    [Test]
    public async Task WriteAsync_OfControlCharacters_EscapesThem()
    {
        using var terminal = new MemoryStream();
        await using var stream = new TerminalStream(terminal);
        await stream.WriteAsync("a\u001bb"u8.ToArray());
        await stream.FlushAsync();
        Assert.That(Encoding.UTF8.GetString(terminal.ToArray()), Is.EqualTo(@"a\x1bb"));
    }

    private static string Show(params byte[][] pieces)
    {
        using var terminal = new MemoryStream();
        using var stream = new TerminalStream(terminal);
        foreach (var piece in pieces)
            stream.Write(piece);
        return Encoding.UTF8.GetString(terminal.ToArray());
    }
}
