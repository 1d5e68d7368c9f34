using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>The bytes of every reply (PROTOCOL.md, "Reply").</summary>
public sealed class ReplyWriterTests
{
    private static IEnumerable<TestCaseData> Replies()
    {
        yield return Case(Reply.Registered(0), "0/0/0");
        yield return Case(Reply.Registered(9007199254740991), "0/0/9007199254740991");
        yield return Case(Reply.Ok(ReplyCode.UnregisterOk), "0/1/*");
        yield return Case(Reply.Ok(ReplyCode.Pairing), "0/2/*");
        yield return Case(Reply.Paired(isHost: true, "Davey Jones"), "0/3/Davey Jones");
        yield return Case(Reply.Paired(isHost: false, "Zoë 🎲"), "0/4/Zoë 🎲");
        yield return Case(Reply.Ok(ReplyCode.InitServer), "0/5/");
        yield return Case(Reply.Ok(ReplyCode.InitClient), "0/6/");
        yield return Case(Reply.Ok(ReplyCode.PartnerLoad), "0/7/*");
        yield return Case(Reply.Playing(17, 0), "0/8/17|0");
        yield return Case(Reply.Playing(9007199254740991, 1), "0/8/9007199254740991|1");
        yield return Case(Reply.WithTurns(ReplyCode.GameData, "a|b/c,\nd"u8.ToArray()), "0/9/a|b/c,\nd");
        yield return Case(Reply.Ok(ReplyCode.GameNoData), "0/10/*");
        yield return Case(Reply.WithTurns(ReplyCode.GameRedundant, "a|b"u8.ToArray()), "0/11/a|b");
        yield return Case(Reply.Ok(ReplyCode.GameRedundant), "0/11/*");
        foreach (var error in Enum.GetValues<ErrorCode>().Where(error => error != ErrorCode.None))
            yield return Case(Reply.Refuse(error), $"{(int)error}/*/*");
        foreach (var fault in Enum.GetValues<FormatFault>())
            yield return Case(Reply.Refuse(ErrorCode.PostDataFormat, (byte)fault), $"4/{(int)fault}/*");
        yield return Case(Reply.Refuse(ErrorCode.PartnerDrop, 2), "9/2/*");
        yield return Case(Reply.Refuse(ErrorCode.NoPlayerPartner, 5), "15/5/*");

        static TestCaseData Case(Reply reply, string text) => new(reply, text);
    }

    [TestCaseSource(nameof(Replies))]
    public void ToBytes_OfAReply_IsItsExactText(Reply reply, string text) =>
        Assert.That(ReplyWriter.ToBytes(reply), Is.EqualTo(Encoding.UTF8.GetBytes(text)));

    [Test]
    public void ToBytes_OfTurns_KeepsTheirBytes()
    {
        byte[] turns = [0x00, 0xFF, 0x80, (byte)'|', 0x0A];
        byte[] reply = [.. "0/9/"u8, .. turns];
        Assert.That(ReplyWriter.ToBytes(Reply.WithTurns(ReplyCode.GameData, turns)), Is.EqualTo(reply));
    }

    [Test]
    public void ToBytes_OfAReplyWithoutData_IsShared()
    {
        var first = ReplyWriter.ToBytes(Reply.Ok(ReplyCode.GameNoData));
        Assert.That(ReplyWriter.ToBytes(Reply.Ok(ReplyCode.GameNoData)), Is.SameAs(first));
    }
}
