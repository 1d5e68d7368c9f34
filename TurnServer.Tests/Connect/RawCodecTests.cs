using System.Buffers;
using System.Text;
using CsCheck;
using TurnServer.Client;
using TurnServer.Connect;

namespace TurnServer.Tests.Connect;

/// <summary>Bytes as turns, with a checksum.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RawCodecTests
{
    private const string EmptyEnd = "e 0 E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";

    [Test]
    public void Encode_OfTheMostData_FitsIntoATurn() =>
        Assert.That(Encode([new byte[RawCodec.DataBytesMax]]).Max(turn => turn.Length),
            Is.InRange(TurnGame.TurnBytesMax - 3, TurnGame.TurnBytesMax));

    [Test]
    public void Decode_OfEncodedBytes_ReturnsAndConfirmsThem() =>
        Gen.Byte.Array[0, 3 * RawCodec.DataBytesMax].Array[0, 3].Sample(pieces =>
        {
            var (output, last) = Decode(new RawCodec(), Encode(pieces));
            return output.AsSpan().SequenceEqual(pieces.SelectMany(piece => piece).ToArray())
                && last.Kind == ReceivedKind.End && last.Answer.Span.SequenceEqual("a"u8);
        }, iter: 100, threads: 1);

    [Test]
    public void Decode_WithAMissingDuplicatedOrChangedTurn_Fails()
    {
        var turns = Encode([[1, 2, 3], [4, 5, 6]]);
        List<ReadOnlyMemory<byte>> missing = [turns[0], turns[1], .. turns[3..]];
        List<ReadOnlyMemory<byte>> twice = [.. turns[..2], .. turns[1..]];
        List<ReadOnlyMemory<byte>> changed = [turns[0], turns[2], turns[2], turns[3]];
        foreach (var damaged in new[] { missing, twice, changed })
        {
            var last = Decode(new RawCodec(), damaged).Last;
            Assert.That(last.Kind, Is.EqualTo(ReceivedKind.Fault));
            Assert.That(last.Fault, Does.Contain("6 ").And.Contain("arrived"));
            Assert.That(last.Answer.Span[0], Is.EqualTo((byte)'x'));
        }
    }

    [TestCase("hello", "does not use --raw")]
    [TestCase(@"\!text", "does not use --raw")]
    [TestCase(@"\!raw 2", "another version")]
    public void Decode_OfAnotherFirstTurn_NamesTheCause(string turn, string fault) =>
        Assert.That(new RawCodec().Decode(Encoding.UTF8.GetBytes(turn), new ArrayBufferWriter<byte>()).Fault,
            Does.Contain(fault));

    [TestCase("?")]
    [TestCase("d*")]
    [TestCase("dAAA")]
    [TestCase("a")]
    [TestCase("e")]
    [TestCase(EmptyEnd, EmptyEnd)]
    [TestCase(EmptyEnd, "dAAAA")]
    [TestCase("x got less")]
    public void Decode_OfAnInvalidTurn_Fails(params string[] turns) =>
        Assert.That(Decode(new RawCodec(), [@"\!raw 1"u8.ToArray(), .. turns.Select(Bytes)]).Last.Kind,
            Is.EqualTo(ReceivedKind.Fault));

    [Test]
    public void Decode_OfAConfirmationAfterTheEnd_CompletesThisSide()
    {
        var codec = new RawCodec();
        codec.Finish([]);
        var last = Decode(codec, [@"\!raw 1"u8.ToArray(), "a"u8.ToArray()]).Last;
        Assert.That(last.Kind, Is.EqualTo(ReceivedKind.AllArrived));
    }

    private static ReadOnlyMemory<byte> Bytes(string turn) => Encoding.UTF8.GetBytes(turn);

    private static List<ReadOnlyMemory<byte>> Encode(byte[][] pieces) => EncodedTurns.Of(new RawCodec(), pieces);

    private static (byte[] Output, ReceivedTurn Last) Decode(RawCodec codec, IEnumerable<ReadOnlyMemory<byte>> turns)
    {
        var output = new ArrayBufferWriter<byte>();
        var last = default(ReceivedTurn);
        foreach (var turn in turns)
            last = codec.Decode(turn.Span, output);
        return (output.WrittenSpan.ToArray(), last);
    }
}
