using System.Text;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>The client's messages of a WebSocket (PROTOCOL.md, "Over a WebSocket").</summary>
internal sealed class SocketMessagesTests
{
    [TestCase(1, 0, null, "1 6,a,17,0,3")]
    [TestCase(99_999_999, 15, null, "99999999;wait=15 6,a,17,0,3")]
    [TestCase(20, 15, 131_072, "20;wait=15;received=131072 6,a,17,0,3")]
    [TestCase(20, 0, 0, "20;received=0 6,a,17,0,3")]
    public void Compose_OfARequest_IsWhatTheServerParses(int tag, int wait, int? received, string expected)
    {
        var request = new OutgoingRequest("6,a,17,0,3"u8.ToArray(), TimeSpan.FromSeconds(wait), received);
        var message = SocketMessages.Compose(tag, request);
        Assert.That(WireText.Of(message.Span), Is.EqualTo(expected));
        Assert.That(SocketRequest.TryParse(message.Span, out var parsed), Is.True);
        Assert.That((parsed.WaitSeconds, parsed.Received, WireText.Of(message.Span[parsed.Line])),
            Is.EqualTo((wait, received is null ? null : $"{received}", "6,a,17,0,3")));
    }

    [Test]
    public void TryParse_OfAllParameters_ReadsThem()
    {
        var parsed = Parse("7;wait=15;counter=-1;taken=3;acknowledged=4;silent=5;other=6 19/*/*");
        Assert.That((parsed.Tag, parsed.RetryAfter), Is.EqualTo((7, TimeSpan.Zero)));
        Assert.That(parsed.Reply, Is.EqualTo(new ServerReply
        {
            Error = ErrorCode.PlayerStateAhead,
            WasHeld = true,
            TurnCounter = -1,
            Totals = new TurnTotals(3, 4),
            PartnerSilentSeconds = 5,
        }));
        Assert.That(Parse("8;retry=2 23/*/*").RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(2)));
    }

    [TestCase("7;silent=x;taken=1;counter=;wait 0/9/a b;wait=1 c")]
    [TestCase("7;silents=5;sile=5;=5;silent=-1 0/9/a b;wait=1 c")]
    public void TryParse_OfOtherParameters_IgnoresThem(string message)
    {
        var reply = Parse(message).Reply!.Value;
        Assert.That(WireText.Of(reply.Data.Span), Is.EqualTo("a b;wait=1 c"));
        Assert.That(reply with { Data = default }, Is.EqualTo(new ServerReply { Code = ReplyCode.GameData }));
    }

    [TestCase("7 hello")]
    [TestCase("7 ")]
    [TestCase("7;wait=1 0/99/*")]
    public void TryParse_OfATagWithoutAReply_HasNone(string message) =>
        Assert.That((Parse(message).Tag, Parse(message).Reply), Is.EqualTo((7, (ServerReply?)null)));

    [TestCase("")]
    [TestCase("0/10/*")]
    [TestCase(" 0/10/*")]
    [TestCase("x 0/10/*")]
    [TestCase("-1 0/10/*")]
    [TestCase("1x 0/10/*")]
    [TestCase(";wait=1 0/10/*")]
    [TestCase("99999999999 0/10/*")]
    public void TryParse_WithoutATag_Fails(string message) =>
        Assert.That(SocketMessages.TryParse(Encoding.UTF8.GetBytes(message), out _), Is.False);

    private static SocketReply Parse(string message)
    {
        Assert.That(SocketMessages.TryParse(Encoding.UTF8.GetBytes(message), out var parsed), Is.True);
        return parsed;
    }
}
