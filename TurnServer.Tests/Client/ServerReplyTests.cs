using System.Text;
using CsCheck;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Tests.Client;

/// <summary>Parsing replies (PROTOCOL.md, "Reply").</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ServerReplyTests
{
    private static readonly Gen<Reply> AnyReply = Gen.OneOf(
        Gen.ULong[0, ProtocolLimits.KeyEnd - 1].Select(Reply.Registered),
        Gen.Select(Gen.Bool, Gen.String[Gen.Char['!', '~'], 1, 64]).Select(Reply.Paired),
        Gen.Select(Gen.ULong[0, ProtocolLimits.KeyEnd - 1], Gen.Byte[0, 1]).Select(Reply.Playing),
        Gen.Byte[0, 11].Select(code => Reply.Ok((ReplyCode)code)),
        Gen.Byte.Array[1, 300].Select(turns => Reply.WithTurns(ReplyCode.GameData, turns)),
        Gen.Byte.Array[1, 300].Select(turns => Reply.WithTurns(ReplyCode.GameRedundant, turns)),
        Gen.Select(Gen.Int[1, 23].Where(error => Enum.IsDefined((ErrorCode)error)), Gen.Byte[0, 254])
            .Select((error, detail) => Reply.Refuse((ErrorCode)error, detail)),
        Gen.Int[1, 23].Where(error => Enum.IsDefined((ErrorCode)error))
            .Select(error => Reply.Refuse((ErrorCode)error)));

    [TestCase("0/0/9007199254740991", ReplyCode.RegisterOk, "9007199254740991")]
    [TestCase("0/1/*", ReplyCode.UnregisterOk, "*")]
    [TestCase("0/2/*", ReplyCode.Pairing, "*")]
    [TestCase("0/3/A/B", ReplyCode.StartServer, "A/B")]
    [TestCase("0/4/Zoë", ReplyCode.StartClient, "Zoë")]
    [TestCase("0/5/", ReplyCode.InitServer, "")]
    [TestCase("0/6/", ReplyCode.InitClient, "")]
    [TestCase("0/7/*", ReplyCode.PartnerLoad, "*")]
    [TestCase("0/8/17|0", ReplyCode.StartPlay, "17|0")]
    [TestCase("0/9/a|b", ReplyCode.GameData, "a|b")]
    [TestCase("0/10/*", ReplyCode.GameNoData, "*")]
    [TestCase("0/11/*", ReplyCode.GameRedundant, "*")]
    public void TryParse_OfASuccess_ReturnsCodeAndData(string body, ReplyCode code, string data)
    {
        Assert.That(ServerReply.TryParse(Encoding.UTF8.GetBytes(body), wasHeld: true, out var reply), Is.True);
        Assert.That((reply.Error, reply.Code, Encoding.UTF8.GetString(reply.Data.Span), reply.WasHeld),
            Is.EqualTo((ErrorCode.None, code, data, true)));
    }

    [TestCase("1/*/*", ErrorCode.BadContentLength, null)]
    [TestCase("4/0/*", ErrorCode.PostDataFormat, 0)]
    [TestCase("9/2/*", ErrorCode.PartnerDrop, 2)]
    [TestCase("15/*/*", ErrorCode.NoPlayerPartner, null)]
    [TestCase("15/5/*", ErrorCode.NoPlayerPartner, 5)]
    [TestCase("23/*/*", ErrorCode.ServerBusy, null)]
    public void TryParse_OfAnError_ReturnsErrorAndDetail(string body, ErrorCode error, int? detail)
    {
        Assert.That(ServerReply.TryParse(Encoding.UTF8.GetBytes(body), wasHeld: false, out var reply), Is.True);
        Assert.That((reply.Error, (int?)reply.Detail), Is.EqualTo((error, detail)));
    }

    [TestCase("")]
    [TestCase("0")]
    [TestCase("0/")]
    [TestCase("0/10")]
    [TestCase("0/12/*")]
    [TestCase("0/*/*")]
    [TestCase("0//*")]
    [TestCase("+0/1/*")]
    [TestCase("-1/*/*")]
    [TestCase(" 0/1/*")]
    [TestCase("256/1/*")]
    [TestCase("6/*/*")]
    [TestCase("8/*/*")]
    [TestCase("24/*/*")]
    [TestCase("15/5")]
    [TestCase("15/5/")]
    [TestCase("15/5/x")]
    [TestCase("15/**/*")]
    [TestCase("15/256/*")]
    [TestCase("15/+5/*")]
    [TestCase("<html>0/1/*</html>")]
    public void TryParse_OfAnInvalidReply_Fails(string body) =>
        Assert.That(ServerReply.TryParse(Encoding.UTF8.GetBytes(body), wasHeld: false, out _), Is.False);

    [Test]
    public void TryParse_OfWhatTheServerWrites_ReturnsIt() => AnyReply.Sample(reply =>
    {
        var written = ReplyWriter.ToBytes(reply);
        if (!ServerReply.TryParse(written, wasHeld: false, out var read) || read.Error != reply.Error)
            return false;
        return reply.Error != ErrorCode.None
            ? read.Detail == reply.Detail
            : read.Code == reply.Code && written.AsSpan().EndsWith(read.Data.Span)
                && written.Length == $"0/{(int)read.Code}/".Length + read.Data.Length;
    }, iter: 5_000, threads: 1);

    [Test]
    public void TryParse_OfAnything_DoesNotThrow() =>
        Gen.OneOf(Gen.Byte.Array[0, 12], Gen.String[Gen.Char["0123456789/*"], 0, 12].Select(Encoding.UTF8.GetBytes))
            .Sample(body => ServerReply.TryParse(body, wasHeld: false, out _) || true, iter: 20_000, threads: 1);

    [TestCase(Symbol.Register, new[] { 0 })]
    [TestCase(Symbol.Unregister, new[] { 1, 10 })]
    [TestCase(Symbol.RequestPair, new[] { 2, 3, 4 })]
    [TestCase(Symbol.MapInit, new[] { 5, 6 })]
    [TestCase(Symbol.MapReady, new[] { 7, 8 })]
    [TestCase(Symbol.GameQuit, new[] { 1, 10 })]
    [TestCase(Symbol.GameUpdate, new[] { 9, 10, 11 })]
    public void Answers_OfASymbol_AreItsCodes(Symbol symbol, int[] codes) =>
        Assert.That(Enum.GetValues<ReplyCode>().Where(code => ServerReply.Answers(code, symbol)),
            Is.EqualTo(codes.Select(code => (ReplyCode)code)));
}
