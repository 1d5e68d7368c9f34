using System.Buffers;
using System.Text;
using CsCheck;
using TurnServer.Client;
using TurnServer.Connect;

namespace TurnServer.Tests.Connect;

/// <summary>Bytes as turns, and the check that all have arrived.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RawCodecTests
{
    private const string EmptyEnd = "e 0 E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";

    [Test]
    public void The_fullest_turn_fits() =>
        Assert.That(Encode([new byte[RawCodec.DataBytesMax]]).Max(turn => turn.Length),
            Is.InRange(TurnGame.TurnBytesMax - 3, TurnGame.TurnBytesMax));

    [Test]
    public void Anything_comes_back_as_it_went_in_and_is_confirmed() =>
        Gen.Byte.Array[0, 3 * RawCodec.DataBytesMax].Array[0, 3].Sample(pieces =>
        {
            var (output, last) = Decode(new RawCodec(), Encode(pieces));
            return output.AsSpan().SequenceEqual(pieces.SelectMany(piece => piece).ToArray())
                && last.Kind == ReceivedKind.End && last.Answer.Span.SequenceEqual("a"u8);
        }, iter: 100, threads: 1);

    [Test]
    public void A_turn_that_is_missing_twice_there_or_changed_is_found()
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
    public void A_partner_that_speaks_otherwise_is_told_apart_by_its_first_turn(string turn, string fault) =>
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
    public void What_no_partner_should_send_ends_the_transfer(params string[] turns) =>
        Assert.That(Decode(new RawCodec(), [@"\!raw 1"u8.ToArray(), .. turns.Select(Bytes)]).Last.Kind,
            Is.EqualTo(ReceivedKind.Fault));

    [Test]
    public void The_partners_word_counts_once_this_side_has_ended()
    {
        var codec = new RawCodec();
        codec.Finish([]);
        var last = Decode(codec, [@"\!raw 1"u8.ToArray(), "a"u8.ToArray()]).Last;
        Assert.That(last.Kind, Is.EqualTo(ReceivedKind.AllArrived));
    }

    private static ReadOnlyMemory<byte> Bytes(string turn) => Encoding.UTF8.GetBytes(turn);

    private static List<ReadOnlyMemory<byte>> Encode(byte[][] pieces)
    {
        var codec = new RawCodec();
        var turns = new List<ReadOnlyMemory<byte>>();
        codec.Begin(turns);
        foreach (var piece in pieces)
            codec.Encode(piece, turns);
        codec.Finish(turns);
        return turns;
    }

    private static (byte[] Output, ReceivedTurn Last) Decode(RawCodec codec, IEnumerable<ReadOnlyMemory<byte>> turns)
    {
        var output = new ArrayBufferWriter<byte>();
        var last = default(ReceivedTurn);
        foreach (var turn in turns)
            last = codec.Decode(turn.Span, output);
        return (output.WrittenSpan.ToArray(), last);
    }
}
