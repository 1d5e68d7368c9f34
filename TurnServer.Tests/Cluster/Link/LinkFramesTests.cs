using CsCheck;
using TurnServer.Cluster.Link;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Link;

/// <summary>How frames are delimited, and the first ones of each side.</summary>
internal sealed class LinkFramesTests
{
    private const int BytesMax = 100;

    [Test]
    public void Find_OfEveryPrefix_IsIncomplete() => Gen.Byte.Array[0, BytesMax].Sample(payload =>
    {
        var frame = RawLink.Frame(LinkFrameType.Answer, payload);
        for (var length = 0; length < frame.Length; length++)
        {
            var status = LinkFrames.Find(frame.AsSpan(0, length), BytesMax, out _, out _);
            Assert.That(status, Is.EqualTo(LinkFrameStatus.Incomplete), $"{length} bytes");
        }

        Assert.That(LinkFrames.Find([.. frame, 1, 2, 3], BytesMax, out var type, out var found),
            Is.EqualTo(LinkFrameStatus.Complete));
        Assert.That((type, found), Is.EqualTo((LinkFrameType.Answer, payload.Length)));
    }, iter: 100);

    [TestCase(0u)]
    [TestCase(BytesMax + 2u)]
    [TestCase(0x7FFF_FFFFu)]
    [TestCase(0x8000_0000u)]
    [TestCase(0xFFFF_FFFFu)]
    [TestCase(0x20544547u, TestName = "GET and a space")]
    public void Find_OfAnImpossibleLength_IsMalformed(uint length) =>
        Assert.That(LinkFrames.Find(BitConverter.GetBytes(length), BytesMax, out _, out _),
            Is.EqualTo(LinkFrameStatus.Malformed));

    [Test]
    public void LinkReader_OfFramesInPieces_ReturnsThemAll() =>
        Gen.Select(Gen.Byte.Array[0, 3000].Array[1, 20], Gen.Int[1, 5000].Array[1, 10]).Sample((payloads, cuts) =>
        {
            var reader = new LinkReader();
            reader.Widen(3000);
            var bytes = payloads.SelectMany(payload => RawLink.Frame(LinkFrameType.Ping, payload)).ToArray();
            var received = new List<byte[]>();
            for (var (start, piece) = (0, 0); start < bytes.Length; piece++)
            {
                var room = reader.MakeRoom();
                var count = Math.Min(Math.Min(cuts[piece % cuts.Length], room.Length), bytes.Length - start);
                bytes.AsSpan(start, count).CopyTo(room.Span);
                reader.Add(count);
                start += count;
                while (reader.TryTake(out var frame))
                    received.Add(frame.Payload.ToArray());
            }

            Assert.That(received, Is.EqualTo(payloads));
        }, iter: 200);

    [Test]
    public void LinkReader_OfTheLongestFrame_GrowsToHoldIt()
    {
        var reader = new LinkReader();
        reader.Widen(LinkLimits.RequestBytesMax);
        var bytes = RawLink.Frame(LinkFrameType.Request, new byte[LinkLimits.RequestBytesMax]);
        LinkFrame frame;
        for (var start = 0; !reader.TryTake(out frame);)
        {
            var room = reader.MakeRoom();
            var count = Math.Min(room.Length, bytes.Length - start);
            bytes.AsSpan(start, count).CopyTo(room.Span);
            reader.Add(count);
            start += count;
        }

        Assert.That(frame.Payload.Length, Is.EqualTo(LinkLimits.RequestBytesMax));
        Assert.That(reader.MakeRoom().Length, Is.GreaterThan(0));
    }

    // Another version of this program has to recognize the version.
    [Test]
    public void Hello_AsBytes_StaysAsItIs() => Assert.That(Convert.ToHexString(LinkFrames.Hello("tok", "me")),
        Is.EqualTo("17000000" + "01" + "5455524E4C494E4B" + "01" + "03000000746F6B" + "020000006D65"));

    [Test]
    public void TryReadHello_OfAWrittenOne_ReturnsItsFields()
    {
        var payload = LinkFrames.Hello("tök", "me").AsSpan(LinkFrames.HeaderBytes);
        Assert.That(LinkFrames.TryReadHello(payload, out var hello), Is.True);
        Assert.That((hello.Version, hello.Id), Is.EqualTo((LinkFrames.Version, "me")));
        Assert.That(hello.Token, Is.EqualTo("tök"u8.ToArray()));
        for (var length = 0; length < payload.Length; length++)
            Assert.That(LinkFrames.TryReadHello(payload[..length], out _), Is.False, $"{length} bytes");
        Assert.That(LinkFrames.TryReadHello([.. payload, 0], out _), Is.False);
    }

    [Test]
    public void TryReadHello_OfAnotherVersion_ReturnsTheVersionWhateverFollows()
    {
        byte[] payload = [.. "TURNLINK"u8, 2, 255, 255, 255];
        Assert.That(LinkFrames.TryReadHello(payload, out var hello), Is.True);
        Assert.That(hello.Version, Is.EqualTo(2));
    }

    [Test]
    public void Hello_WithTooLongAToken_Throws() =>
        Assert.That(() => LinkFrames.Hello(new string('a', LinkLimits.HandshakeTextBytesMax + 1), "me"),
            Throws.ArgumentException);

    [Test]
    public void Hello_WithTheLongestTexts_FitsIntoTheHandshake()
    {
        var text = new string('a', LinkLimits.HandshakeTextBytesMax);
        Assert.That(LinkFrames.Hello(text, text), Has.Length.LessThan(LinkLimits.HandshakeBytesMax));
    }

    [TestCase("10.0.0.1:7070", "10.0.0.1:7070")]
    [TestCase("[::1]:7070", "[::1]:7070")]
    [TestCase("game-2.example:7070", "Unspecified/game-2.example:7070")]
    [TestCase("localhost:65535", "Unspecified/localhost:65535")]
    [TestCase("localhost", null)]
    [TestCase("localhost:", null)]
    [TestCase("localhost:0", null)]
    [TestCase("localhost:65536", null)]
    [TestCase("localhost:+1", null)]
    [TestCase(":7070", null)]
    [TestCase("::1:7070", null)]
    [TestCase("a b:7070", null)]
    [TestCase("", null)]
    public void Parse_OfAnAddress_IsItsEndPointOrNull(string address, string? expected) =>
        Assert.That(LinkAddress.Parse(address)?.ToString(), Is.EqualTo(expected));
}
