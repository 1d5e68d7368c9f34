using System.Buffers;
using System.Text;
using System.Text.Unicode;
using CsCheck;
using TurnServer.Client;
using TurnServer.Connect;

namespace TurnServer.Tests.Connect;

/// <summary>Text as turns: what other clients see, and that arbitrary bytes survive.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TextCodecTests
{
    private static readonly Gen<byte[]> Piece = Gen.OneOf(
        OneOf("\n", "\n\n", "\r\n", "|", "\\", "\\c", "\\.", "\\e", "\\x41", "\\!raw 1", "*", "é", "🎲", "plain", "\0",
            "\u0085"),
        Gen.Byte.Array[1, 3], Gen.Const((byte[])[0xf0, 0x9f]));

    private static readonly Gen<byte[][]> Pieces = Piece.Array[0, 30];

    [TestCase("plain words", "plain words")]
    [TestCase("a|b", @"a\pb")]
    [TestCase(@"C:\dir", @"C:\\dir")]
    [TestCase("dos\r", @"dos\r")]
    [TestCase("", @"\e")]
    [TestCase("tab\tstays, as do , and *", "tab\tstays, as do , and *")]
    [TestCase(@"\.", @"\\.")]
    public void Encode_OfALine_IsAReadableTurn(string line, string turn) =>
        Assert.That(Encode(Encoding.UTF8.GetBytes(line + "\n")), Is.EqualTo(new[] { turn, @"\." }));

    [Test]
    public void Encode_OfInvalidUtf8_EscapesEachByte() =>
        Assert.That(Encode([(byte)'a', 0xff, 0xc3, (byte)'\n']), Is.EqualTo(new[] { @"a\xFF\xC3", @"\." }));

    [Test]
    public void Encode_OfALastLineWithoutLineFeed_MarksItAsContinued() =>
        Assert.That(Encode("one\ntwo"u8.ToArray()), Is.EqualTo(new[] { "one", @"two\c", @"\." }));

    [Test]
    public void Encode_OfALongLine_SplitsBetweenCharactersAndEscapes() =>
        Assert.That(Encode("abcdé|\nx\n"u8.ToArray(), turnBytesMax: 7),
            Is.EqualTo(new[] { @"abcd\c", @"é\p", "x", @"\." }));

    [TestCase(@"two\nlines", "two\nlines\n")]
    [TestCase(@"C:\dir\", "C:\\dir\\\n")]
    [TestCase(@"\q \x4 \xzz \x-1", "\\q \\x4 \\xzz \\x-1\n")]
    [TestCase(@"a\c b", "a\\c b\n")]
    [TestCase(@"\x41\x0a", "A\n\n")]
    [TestCase("two\nlines", "two\nlines\n")]
    public void Decode_OfATurnOfAnotherClient_KeepsWhatIsNoEscape(string turn, string text) =>
        Assert.That(Decode([Encoding.UTF8.GetBytes(turn)]), Is.EqualTo(Encoding.UTF8.GetBytes(text)));

    [Test]
    public void Decode_OfARawGreeting_FailsOnlyAsTheFirstTurn()
    {
        var output = new ArrayBufferWriter<byte>();
        var refused = new TextCodec().Decode(@"\!raw 1"u8, output);
        Assert.That(refused.Kind, Is.EqualTo(ReceivedKind.Fault));
        Assert.That(refused.Fault, Does.Contain("--raw"));
        Assert.That(refused.Answer.IsEmpty, Is.False);
        var codec = new TextCodec();
        codec.Decode("first"u8, output);
        Assert.That(codec.Decode(@"\!raw 1"u8, output).Kind, Is.EqualTo(ReceivedKind.Data));
    }

    [Test]
    public void Decode_OfEncodedBytes_ReturnsThemAndTheTurnsAreValid() =>
        Gen.Select(Pieces, Gen.Int[TextCodec.TurnBytesMin, 40]).Sample((pieces, turnBytesMax) =>
        {
            var turns = EncodeTurns(pieces, turnBytesMax);
            return turns.TrueForAll(turn => IsTurn(turn.Span, turnBytesMax))
                && Decode(turns).AsSpan().SequenceEqual(pieces.SelectMany(piece => piece).ToArray());
        }, iter: 20_000, threads: 1,
            print: sample => Convert.ToHexString([.. sample.Item1.SelectMany(piece => piece)]));

    private static bool IsTurn(ReadOnlySpan<byte> turn, int bytesMax) =>
        turn.Length > 0 && turn.Length <= bytesMax && !turn.ContainsAny("|\n\r"u8) && Utf8.IsValid(turn);

    private static string[] Encode(byte[] text, int turnBytesMax = TurnGame.TurnBytesMax) =>
        [.. EncodeTurns([text], turnBytesMax).Select(turn => Encoding.UTF8.GetString(turn.Span))];

    private static List<ReadOnlyMemory<byte>> EncodeTurns(byte[][] pieces, int turnBytesMax) =>
        EncodedTurns.Of(new TextCodec(turnBytesMax), pieces);

    private static byte[] Decode(IEnumerable<ReadOnlyMemory<byte>> turns)
    {
        var codec = new TextCodec();
        var output = new ArrayBufferWriter<byte>();
        foreach (var turn in turns)
            codec.Decode(turn.Span, output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Decode(byte[][] turns) => Decode(turns.Select(turn => (ReadOnlyMemory<byte>)turn));

    private static Gen<byte[]> OneOf(params string[] texts) =>
        Gen.Int[0, texts.Length - 1].Select(i => Encoding.UTF8.GetBytes(texts[i]));
}
