using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Protocol;

/// <summary>Every kind of malformed request, and the order of the checks (PROTOCOL.md, "Reply").</summary>
public sealed class RequestParserRefusalTests
{
    [TestCase("", "2/*/*")]
    [TestCase("hello", "4/0/*")]
    [TestCase(",", "4/0/*")]
    [TestCase(",,,,", "4/0/*")]
    [TestCase("7,*,1,*,*", "4/0/*")]
    [TestCase("/,*,1,*,*", "4/0/*")]
    [TestCase("-1,*,1,*,*", "4/0/*")]
    [TestCase("02,*,1,*,*", "4/0/*")]
    [TestCase(" 2,*,1,*,*", "4/0/*")]
    [TestCase("2 ,*,1,*,*", "4/0/*")]
    [TestCase("\uFEFF2,*,1,*,*", "4/0/*")]
    [TestCase("٢,*,1,*,*", "4/0/*")]
    [TestCase("99999999999999999999,a,1,*,*", "4/0/*")]
    [TestCase("0", "4/4/*")]
    [TestCase("0,A,*", "4/4/*")]
    [TestCase("0,A,*,*,*,*", "4/4/*")]
    [TestCase("1,*,1", "4/4/*")]
    [TestCase("2,*,1", "4/4/*")]
    [TestCase("3,*,1,*,*,*", "4/4/*")]
    [TestCase("4,*,1,*,*,", "4/4/*")]
    [TestCase("5", "4/4/*")]
    [TestCase("5,1,0,0", "4/4/*")]
    [TestCase("6,1,0,0", "4/4/*")]
    [TestCase("6,x,1,2,0", "4/1/*")]
    [TestCase("6,x,1,-,0", "4/1/*")]
    [TestCase("6,x,1,00,0", "4/1/*")]
    [TestCase("6,x,1,,0", "4/1/*")]
    [TestCase("6,x,1,*,0", "4/1/*")]
    [TestCase("6,x,1,0 ,0", "4/1/*")]
    [TestCase("5,*,1,2,*", "4/1/*")]
    [TestCase("6,x,1,0,", "4/2/*")]
    [TestCase("6,x,1,0,*", "4/2/*")]
    [TestCase("6,x,1,0,-1", "4/2/*")]
    [TestCase("6,x,1,0,+1", "4/2/*")]
    [TestCase("6,x,1,0,1 ", "4/2/*")]
    [TestCase("6,x,1,0,1\n\n", "4/2/*")]
    [TestCase("6,x,1,0,1\r\n\n", "4/2/*")]
    [TestCase("6,x,1,0,1\n\r\n", "4/2/*")]
    [TestCase("6,x,1,0,1\r", "4/2/*")]
    [TestCase("6,x,1,0\n,1", "4/1/*")]
    [TestCase("\n", "4/0/*")]
    [TestCase("\r\n", "4/0/*")]
    [TestCase("6,x,1,0,1.0", "4/2/*")]
    [TestCase("6,x,1,0,9223372036854775808", "4/2/*")]
    [TestCase("6,x,1,0,18446744073709551616", "4/2/*")]
    [TestCase("6,x,1,0,٣", "4/2/*")]
    [TestCase("0,A,*,*,", "4/2/*")]
    [TestCase("0,A,*,*,a*b", "4/2/*")]
    [TestCase("0,A,*,*,a b", "4/2/*")]
    [TestCase("0,A,*,*,é", "4/2/*")]
    [TestCase("0,A,*,*,**", "4/2/*")]
    [TestCase("2,*,,*,*", "4/3/*")]
    [TestCase("2,*,*,*,*", "4/3/*")]
    [TestCase("2,*,abc,*,*", "4/3/*")]
    [TestCase("2,*,-3,*,*", "4/3/*")]
    [TestCase("2,*,+3,*,*", "4/3/*")]
    [TestCase("2,*, 3,*,*", "4/3/*")]
    [TestCase("2,*,3 ,*,*", "4/3/*")]
    [TestCase("2,*,0x3,*,*", "4/3/*")]
    [TestCase("2,*,٣,*,*", "4/3/*")]
    [TestCase("1,*,*,*", "4/3/*")]
    [TestCase("6,x,*,0,0", "4/3/*")]
    [TestCase("5,x,,0,0", "4/3/*")]
    [TestCase("0,A,,*,*", "4/3/*")]
    [TestCase("0,A,1,*,*", "4/3/*")]
    [TestCase("0,A,BIBBYBABBIS,*,*", "4/3/*")]
    [TestCase("0,A,bibbybabbis ,*,*", "4/3/*")]
    [TestCase("0,A,*#,*,*", "4/3/*")]
    [TestCase("0,A,#,*,*", "4/3/*")]
    [TestCase("0,A,#pool,*,*", "4/3/*")]
    [TestCase("0,A,*pool,*,*", "4/3/*")]
    [TestCase("0,A,*#a#b,*,*", "4/3/*")]
    [TestCase("0,A,*#a b,*,*", "4/3/*")]
    [TestCase("0,A,*#é,*,*", "4/3/*")]
    [TestCase("0,A,*#123456789012345678901234567890123,*,*", "4/3/*")]
    [TestCase("0,,*#,*,*", "4/3/*")]
    [TestCase("0,,*,*,*", "7/*/*")]
    [TestCase("0,a\tb,*,*,*", "7/*/*")]
    [TestCase("0,A,*,,*", "16/*/*")]
    [TestCase("0,A,*,a\u0085b,*", "16/*/*")]
    [TestCase("0,A,*,", "16/*/*")]
    public void TryParse_OfAMalformedRequest_Refuses(string body, string refusal) =>
        Assert.That(ReferenceParser.OutcomeOf(Encoding.UTF8.GetBytes(body)), Is.EqualTo(refusal));

    // Each has all the faults named; the reply reports the first in the order of the protocol page.
    [TestCase("7,x", "4/0/*", Description = "symbol before number of fields")]
    [TestCase("6,2,-1,x", "4/4/*", Description = "number of fields before player, counter and key")]
    [TestCase("6,x,key,2,-1", "4/1/*", Description = "player before counter and key")]
    [TestCase("6,x,key,0,-1", "4/2/*", Description = "counter before key")]
    [TestCase("6,x,key,0,0", "4/3/*")]
    [TestCase("5,x,key,2,0", "4/1/*", Description = "player before key")]
    [TestCase("0,,30,,", "4/2/*", Description = "token before key and names")]
    [TestCase("0,,30,,*", "4/3/*", Description = "key before names")]
    [TestCase("0,,*,,*", "7/*/*", Description = "name before partner's name")]
    [TestCase("0,Jones, Davey,*,*,*", "4/4/*", Description = "number of fields before key")]
    public void TryParse_OfSeveralFaults_ReportsTheFirst(string body, string refusal) =>
        Assert.That(ReferenceParser.OutcomeOf(Encoding.UTF8.GetBytes(body)), Is.EqualTo(refusal));

    [TestCase("30 2C FF 2C 2A 2C 2A", Description = "an invalid UTF-8 byte")]
    [TestCase("36 2C C3 2C 31 2C 30 2C 30", Description = "a character truncated by a comma")]
    [TestCase("36 2C 80 2C 31 2C 30 2C 30", Description = "a continuation byte without a start byte")]
    [TestCase("36 2C C0 AF 2C 31 2C 30 2C 30", Description = "an overlong slash")]
    [TestCase("36 2C ED A0 80 2C 31 2C 30 2C 30", Description = "half a surrogate pair")]
    [TestCase("36 2C F4 90 80 80 2C 31 2C 30 2C 30", Description = "above U+10FFFF")]
    [TestCase("36 2C 78 2C 31 2C 30 2C 30 E2 82", Description = "a character truncated by the end")]
    [TestCase("FF", Description = "not UTF-8 before symbol")]
    public void TryParse_OfABodyThatIsNotUtf8_Refuses(string hex)
    {
        var body = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.That(ReferenceParser.OutcomeOf(body), Is.EqualTo("2/*/*"));
    }

    [Test]
    public void TryParse_OfABodyOf16384Bytes_AcceptsIt()
    {
        var data = new string('x', 16384 - "6,,1,0,0".Length);
        Assert.That(ReferenceParser.OutcomeOf(Encoding.UTF8.GetBytes($"6,{data},1,0,0")),
            Is.EqualTo($"6 data={data} key=1 seat=0 counter=0"));
    }

    [TestCase((byte)'x')]
    [TestCase((byte)0xFF, Description = "length before UTF-8")]
    public void TryParse_OfABodyOf16385Bytes_RefusesIt(byte filler)
    {
        var body = new byte[16385];
        Array.Fill(body, filler);
        "6,"u8.CopyTo(body);
        ",1,0,0"u8.CopyTo(body.AsSpan(16385 - 6));
        Assert.That(ReferenceParser.OutcomeOf(body), Is.EqualTo("20/*/*"));
    }
}
