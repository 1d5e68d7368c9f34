using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>Requests in WebSocket messages (PROTOCOL.md, "Over a WebSocket").</summary>
public sealed class SocketRequestTests
{
    [TestCase("1 0,Ann,*,*,*", 1, 0, null, "0,Ann,*,*,*")]
    [TestCase("12345678 x", 8, 0, null, "x")]
    [TestCase("00000000 x", 8, 0, null, "x")]
    [TestCase("007 x", 3, 0, null, "x")]
    [TestCase("1 ", 1, 0, null, "")]
    [TestCase("1  x", 1, 0, null, " x")]
    [TestCase("1 x;wait=3 y", 1, 0, null, "x;wait=3 y")]
    [TestCase("1;wait=25 x", 1, 25, null, "x")]
    [TestCase("1;wait=0 x", 1, 0, null, "x")]
    [TestCase("1;wait=007 x", 1, 7, null, "x")]
    [TestCase("1;wait=99999999999999999999 x", 1, int.MaxValue, null, "x")]
    [TestCase("1;received=12 x", 1, 0, "12", "x")]
    [TestCase("1;received= x", 1, 0, "", "x")]
    [TestCase("1;received=all x", 1, 0, "all", "x")]
    [TestCase("1;wait=5;received=0 x", 1, 5, "0", "x")]
    [TestCase("1;received=0;wait=5 x", 1, 5, "0", "x")]
    [TestCase("1;received=1;received=2 x", 1, 0, "1, 2", "x", Description = "refused, as two headers are")]
    [TestCase("1;wait=5;wait=10 x", 1, 5, null, "x", Description = "the first one, as in Prefer")]
    [TestCase("1;wait=ten;wait=5 x", 1, 0, null, "x")]
    [TestCase("1;new=thing;wait=5;newer=é x", 1, 5, null, "x")]
    [TestCase("1;Wait=5 x", 1, 0, null, "x", Description = "another name")]
    [TestCase("1;wait=a=b x", 1, 0, null, "x")]
    public void TryParse_OfAWellFormedMessage_Succeeds(string message, int tagLength, int waitSeconds, string? received,
        string line)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        Assert.That(SocketRequest.TryParse(bytes, out var request), Is.True);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(request.TagLength, Is.EqualTo(tagLength));
            Assert.That(request.WaitSeconds, Is.EqualTo(waitSeconds));
            Assert.That(request.Received, Is.EqualTo(received));
            Assert.That(Encoding.UTF8.GetString(bytes.AsSpan(request.Line)), Is.EqualTo(line));
        }
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase(" x")]
    [TestCase("x")]
    [TestCase("1")]
    [TestCase("1;wait=5")]
    [TestCase("123456789 x", Description = "nine digits")]
    [TestCase("-1 x")]
    [TestCase("+1 x")]
    [TestCase("1a x")]
    [TestCase("a x")]
    [TestCase("1\tx")]
    [TestCase("1,x")]
    [TestCase("٣ x")]
    [TestCase("1; x")]
    [TestCase("; x")]
    [TestCase(";wait=5 x")]
    [TestCase("1;wait x")]
    [TestCase("1;=5 x")]
    [TestCase("1;wait=5; x")]
    [TestCase("1;;wait=5 x")]
    [TestCase("0,Ann,*,*,*")]
    [TestCase("0/0/12")]
    public void TryParse_OfAMessageWithoutATag_Fails(string message) =>
        Assert.That(SocketRequest.TryParse(Encoding.UTF8.GetBytes(message), out _), Is.False);

    [TestCase("wait=+5")]
    [TestCase("wait=-5")]
    [TestCase("wait=5.0")]
    [TestCase("wait=")]
    [TestCase("wait=٣")]
    public void TryParse_OfAMalformedWait_HoldsNothing(string parameter)
    {
        Assert.That(SocketRequest.TryParse(Encoding.UTF8.GetBytes($"1;{parameter} x"), out var request), Is.True);
        Assert.That(request.WaitSeconds, Is.Zero);
    }

    // No prefix of a message is taken for another tag or line, and none throws.
    [Test]
    public void TryParse_OfEachPrefix_FailsBeforeTheLineAndKeepsTheTagThen()
    {
        var message = "1234567;wait=20;received=131072;new=x 6,a|b,12,0,7"u8.ToArray();
        var lineStart = message.AsSpan().IndexOf((byte)' ') + 1;
        for (var length = 0; length <= message.Length; length++)
        {
            var isParsed = SocketRequest.TryParse(message.AsSpan(0, length), out var request);
            Assert.That(isParsed, Is.EqualTo(length >= lineStart), $"{length} bytes");
            if (isParsed)
            {
                Assert.That((request.TagLength, request.WaitSeconds, request.Received),
                    Is.EqualTo((7, 20, "131072")), $"{length} bytes");
                Assert.That(request.Line, Is.EqualTo(lineStart..length));
            }
        }
    }

    [Test]
    public void MessageBytesMax_HasRoomForTheLongestRequestWithAllParameters() =>
        Assert.That("12345678;wait=2147483647;received=131072 ".Length,
            Is.LessThan(SocketRequest.MessageBytesMax - ProtocolLimits.BodyBytesMax));
}
