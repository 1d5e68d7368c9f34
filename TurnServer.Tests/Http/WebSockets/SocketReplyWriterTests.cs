using System.Buffers;
using System.Text;
using TurnServer.Actor;
using TurnServer.Http.WebSockets;
using TurnServer.Protocol;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>Replies as WebSocket messages, with their parameters (PROTOCOL.md, "Over a WebSocket").</summary>
internal sealed class SocketReplyWriterTests
{
    private static readonly WireReply Plain = new("0/10/*"u8.ToArray(), ErrorCode.None);

    [Test]
    public void A_reply_has_its_tag_and_a_space_in_front() =>
        Assert.That(Write(Plain), Is.EqualTo("7 0/10/*"));

    [TestCase("0")]
    [TestCase("00000000")]
    [TestCase("12345678")]
    public void The_tag_comes_back_as_it_was_sent(string tag) =>
        Assert.That(Write(Plain, tag), Is.EqualTo($"{tag} 0/10/*"));

    [Test]
    public void A_held_reply_says_for_how_long_it_might_have_been_held() => Assert.That(
        Write(Plain with { WasHeld = true, AppliedWaitSeconds = 25 }), Is.EqualTo("7;wait=25 0/10/*"));

    [Test]
    public void A_wait_that_was_not_applied_is_not_mentioned() =>
        Assert.That(Write(Plain with { AppliedWaitSeconds = 25 }), Is.EqualTo("7 0/10/*"));

    [TestCase(-1)]
    [TestCase(0)]
    [TestCase(long.MaxValue)]
    public void A_counter_stands_for_Turn_Counter(long counter) => Assert.That(
        Write(Plain with { TurnCounter = counter }), Is.EqualTo($"7;counter={counter} 0/10/*"));

    [Test]
    public void Totals_stand_for_Turns_Taken_and_Turns_Acknowledged() => Assert.That(
        Write(Plain with { Totals = new TurnTotals(3, 4) }), Is.EqualTo("7;taken=3;acknowledged=4 0/10/*"));

    [Test]
    public void Silence_stands_for_Partner_Silent() => Assert.That(
        Write(Plain with { PartnerSilentSeconds = 0 }), Is.EqualTo("7;silent=0 0/10/*"));

    [TestCase(ErrorCode.RateLimited, "7;retry=1 22/*/*")]
    [TestCase(ErrorCode.ServerBusy, "7;retry=1 23/*/*")]
    [TestCase(ErrorCode.OverContentLength, "7 20/*/*")]
    public void Retry_comes_with_22_and_23_alone(ErrorCode error, string message) =>
        Assert.That(Write(WireReply.Of(Reply.Refuse(error))), Is.EqualTo(message));

    [Test]
    public void All_parameters_with_the_longest_numbers_and_the_longest_block_fit()
    {
        var block = new string('x', ProtocolLimits.BacklogBytesMax);
        var reply = new WireReply(Encoding.ASCII.GetBytes(block), ErrorCode.ServerBusy)
        {
            WasHeld = true,
            AppliedWaitSeconds = int.MaxValue,
            TurnCounter = long.MinValue,
            Totals = new TurnTotals(long.MaxValue, long.MaxValue),
            PartnerSilentSeconds = int.MaxValue,
        };
        Assert.That(Write(reply, "12345678"), Is.EqualTo("12345678;wait=2147483647;counter=-9223372036854775808"
            + ";taken=9223372036854775807;acknowledged=9223372036854775807;silent=2147483647;retry=1 " + block));
    }

    private static string Write(in WireReply reply, string tag = "7")
    {
        var message = SocketReplyWriter.Write(new SocketTag(Encoding.ASCII.GetBytes(tag)), reply, out var length);
        var text = Encoding.UTF8.GetString(message, 0, length);
        ArrayPool<byte>.Shared.Return(message);
        return text;
    }
}
