using CsCheck;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Link;
using TurnServer.Protocol;

namespace TurnServer.Tests.Cluster.Link;

/// <summary>Requests and answers as bytes.</summary>
internal sealed class LinkCodecTests
{
    private static readonly Gen<ForwardedRequest> Requests = Gen.Select(Gen.Byte.Array[0, 200],
        Gen.Char['\0', '\u1fff'].Array[0, 20].Select(chars => new string(chars)).Null(), Gen.Int, Gen.ULong, Gen.ULong,
        OneOf<ForwardedKind>(), Gen.Int[0, 300], (body, received, wait, upper, lower, kind, shard) =>
            new ForwardedRequest(body, received, wait, ClientAddress.OfBits(new UInt128(upper, lower)), kind)
            {
                Shard = shard,
            });

    private static readonly Gen<WireReply> Replies =
        from body in Gen.Byte.Array[0, 200]
        from error in OneOf<ErrorCode>()
        from code in OneOf<ReplyCode>()
        from symbol in OneOf<Symbol>().Nullable()
        from flags in Gen.Select(Gen.Bool, Gen.Bool)
        from applied in Gen.Int
        from counter in Gen.Long.Nullable()
        from totals in Gen.Select(Gen.Long, Gen.Long, (taken, acknowledged) => new TurnTotals(taken, acknowledged))
            .Nullable()
        from silent in Gen.Int.Nullable()
        select new WireReply(body, error)
        {
            Code = code,
            Symbol = symbol,
            WasHeld = flags.Item1,
            IsOverload = flags.Item2,
            AppliedWaitSeconds = applied,
            TurnCounter = counter,
            Totals = totals,
            PartnerSilentSeconds = silent,
        };

    private static readonly Gen<ForwardAnswer> Answers = Gen.Frequency(
        (8, Replies.Select(reply => ForwardAnswer.Of(reply))),
        (1, Gen.Const(ForwardAnswer.NotTaken)),
        (1, Gen.Const(ForwardAnswer.Unknown)));

    [Test]
    public void TryReadRequest_OfAWrittenOne_ReturnsEveryField() =>
        Gen.Select(Requests, Gen.Long).Sample((request, number) =>
            LinkCodec.TryReadRequest(Bytes(number, request), out var readNumber, out var read)
            && readNumber == number && read.Body.Span.SequenceEqual(request.Body.Span)
            && read with { Body = default } == request with { Body = default });

    [Test]
    public void TryReadAnswer_OfAWrittenOne_ReturnsEveryField() =>
        Gen.Select(Answers, Gen.Long).Sample((answer, number) =>
            LinkCodec.TryReadAnswer(Bytes(number, answer), out var readNumber, out var read)
            && readNumber == number && read.Outcome == answer.Outcome
            && (read.Reply.Body ?? []).SequenceEqual(answer.Reply.Body ?? [])
            && read.Reply with { Body = null! } == answer.Reply with { Body = null! });

    [Test]
    public void TryRead_WithoutTheLastBytesOfTheFields_IsFalse()
    {
        // The body has no length of its own: it is what the frame has left. Before it, every byte is needed.
        Requests.Sample(request =>
        {
            var bytes = Bytes(1, request with { Body = default });
            return Enumerable.Range(0, bytes.Length)
                .All(length => !LinkCodec.TryReadRequest(bytes.AsSpan(0, length), out _, out _));
        }, iter: 200);
        Answers.Sample(answer =>
        {
            var bytes = Bytes(1, answer with { Reply = answer.Reply with { Body = [] } });
            return Enumerable.Range(0, bytes.Length)
                .All(length => !LinkCodec.TryReadAnswer(bytes.AsSpan(0, length), out _, out _));
        }, iter: 200);
    }

    // What is accepted has one spelling, so that a damaged field is either refused or another valid one.
    [Test]
    public void TryRead_OfDamagedBytes_RefusesThemOrReadsWhatTheySay()
    {
        var damage = Gen.Select(Gen.Int[0, 1000], Gen.Byte);
        Gen.Select(Requests, damage).Sample((request, change) =>
            IsRefusedOrCanonical(Damaged(Bytes(1, request), change), isRequest: true));
        Gen.Select(Answers, damage).Sample((answer, change) =>
            IsRefusedOrCanonical(Damaged(Bytes(1, answer), change), isRequest: false));
        Gen.Select(Gen.Byte.Array[0, 80], Gen.Bool).Sample(IsRefusedOrCanonical);
    }

    [TestCase(8, 64, TestName = "Unknown flags of a request")]
    [TestCase(8, 9, TestName = "Two kinds of a request")]
    [TestCase(8, 255, TestName = "All flags of a request")]
    public void TryReadRequest_WithAnImpossibleByte_IsFalse(int at, byte value)
    {
        var bytes = Bytes(1, new ForwardedRequest(new byte[9], null, 0, default));
        bytes[at] = value;
        Assert.That(LinkCodec.TryReadRequest(bytes, out _, out _), Is.False);
    }

    [TestCase(8, 3, TestName = "Unknown outcome")]
    [TestCase(9, 64, TestName = "Unknown flags of a reply")]
    [TestCase(10, 6, TestName = "Unassigned error")]
    [TestCase(10, 24, TestName = "Unknown error")]
    [TestCase(11, 12, TestName = "Unknown code")]
    [TestCase(16, 7, TestName = "Unknown symbol")]
    public void TryReadAnswer_WithAnImpossibleByte_IsFalse(int at, byte value)
    {
        var bytes = Bytes(1, ForwardAnswer.Of(new WireReply(new byte[9], ErrorCode.None) { Symbol = Symbol.Register }));
        Assert.That(LinkCodec.TryReadAnswer(bytes, out _, out _), Is.True);
        bytes[at] = value;
        Assert.That(LinkCodec.TryReadAnswer(bytes, out _, out _), Is.False);
    }

    [Test]
    public void TryReadAnswer_WithBytesBehindAnOutcomeWithoutReply_IsFalse() =>
        Assert.That(LinkCodec.TryReadAnswer([.. Bytes(1, ForwardAnswer.NotTaken), 0], out _, out _), Is.False);

    private static byte[] Bytes(long number, in ForwardedRequest request)
    {
        var bytes = new byte[LinkCodec.LengthOf(request)];
        LinkCodec.Write(bytes, number, request);
        return bytes;
    }

    private static byte[] Bytes(long number, in ForwardAnswer answer)
    {
        var bytes = new byte[LinkCodec.LengthOf(answer)];
        LinkCodec.Write(bytes, number, answer);
        return bytes;
    }

    private static Gen<T> OneOf<T>() where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        return Gen.Int[0, values.Length - 1].Select(index => values[index]);
    }

    private static byte[] Damaged(byte[] bytes, (int At, byte Value) change)
    {
        bytes[change.At % bytes.Length] = change.Value;
        return bytes;
    }

    private static bool IsRefusedOrCanonical(byte[] bytes, bool isRequest) => isRequest
        ? !LinkCodec.TryReadRequest(bytes, out var number, out var request)
            || Bytes(number, request).SequenceEqual(bytes)
        : !LinkCodec.TryReadAnswer(bytes, out number, out var answer) || Bytes(number, answer).SequenceEqual(bytes);
}
