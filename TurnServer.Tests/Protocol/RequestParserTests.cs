using System.Text;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Protocol;

/// <summary>Well-formed requests (PROTOCOL.md, "Request").</summary>
public sealed class RequestParserTests
{
    private const string Bob = "0 name=Bob partner= token= long=False";

    [TestCase("0,Bob,*,*,*", Bob)]
    [TestCase("0,Bob,*,*", Bob)]
    [TestCase("0,Bob,bibbybabbis,*,*", "0 name=Bob partner= token= long=True")]
    [TestCase("0,Bob,*#chess,*,*", "0 name=Bob partner= pool=chess token= long=False")]
    [TestCase("0,Bob,bibbybabbis#*,Ann,t", "0 name=Bob partner=Ann pool=* token=t long=True")]
    [TestCase("0,Bob,*,Ann,*", "0 name=Bob partner=Ann token= long=False")]
    [TestCase("0,Bob,*,Ann,t-1", "0 name=Bob partner=Ann token=t-1 long=False")]
    [TestCase("0,Bob,*,*,t-1", "0 name=Bob partner= token=t-1 long=False")]
    [TestCase("0,*,*,*,*", "0 name=* partner= token= long=False")]
    [TestCase("0, ,*,**,**x", "4/2/*")]
    [TestCase("0, ,*,**,x", "0 name=  partner=** token=x long=False")]
    [TestCase("1,*,17,*,*", "1 key=17")]
    [TestCase("2,*,17,*,*", "2 key=17")]
    [TestCase("3,*,17,*,*", "3 key=17")]
    [TestCase("4,*,17,*,*", "4 key=17")]
    [TestCase("4,*,17,*", "4 key=17")]
    [TestCase("4,,17,,", "4 key=17")]
    [TestCase("2,any thing,17,at all,even this *", "2 key=17")]
    [TestCase("5,*,17,1,*", "5 key=17 seat=1")]
    [TestCase("5,*,17,0,", "5 key=17 seat=0")]
    [TestCase("5,a,b,17,0,not a counter", "5 key=17 seat=0")]
    [TestCase("6,turn,17,1,4", "6 data=turn key=17 seat=1 counter=4")]
    [TestCase("6,,17,0,0", "6 data= key=17 seat=0 counter=0")]
    [TestCase("6,a,b,,c,17,0,0", "6 data=a,b,,c key=17 seat=0 counter=0")]
    [TestCase("6,,,,17,0,0", "6 data=,, key=17 seat=0 counter=0")]
    [TestCase("6,6,17,0,0,6,17,0,0", "6 data=6,17,0,0,6 key=17 seat=0 counter=0")]
    [TestCase("6,turn,17,1,4\n", "6 data=turn key=17 seat=1 counter=4")]
    [TestCase("6,turn\n,17,1,4\r\n", "6 data=turn\n key=17 seat=1 counter=4")]
    [TestCase("0,Bob,*,Ann\n", "0 name=Bob partner=Ann token= long=False")]
    [TestCase("0,Bob,*,*\r\n", Bob)]
    [TestCase("0,Bob,*,Ann,t-1\n", "0 name=Bob partner=Ann token=t-1 long=False")]
    [TestCase("2,*,17,*\n", "2 key=17")]
    [TestCase("5,*,17,0,*\n", "5 key=17 seat=0")]
    [TestCase("6,a|b/c\n\0*,17,0,0", "6 data=a|b/c\n\0* key=17 seat=0 counter=0")]
    public void TryParse_OfARequest_GivesExactlyItsFields(string body, string outcome) =>
        Assert.That(ReferenceParser.OutcomeOf(Encoding.UTF8.GetBytes(body)), Is.EqualTo(outcome));

    [TestCase("0", 0ul)]
    [TestCase("007", 7ul)]
    [TestCase("9007199254740991", 9007199254740991ul)]
    [TestCase("18446744073709551615", ulong.MaxValue)]
    [TestCase("18446744073709551616", ulong.MaxValue)]
    [TestCase("99999999999999999999999999999999999999999999", ulong.MaxValue)]
    [TestCase("00000000000000000000000000000000000000000017", 17ul)]
    public void TryParse_OfAKey_SaturatesPast64Bits(string digits, ulong key)
    {
        var ofPairing = Parse($"2,*,{digits},*,*");
        var ofSeat = Parse($"6,x,{digits},0,0");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ofPairing.Key, Is.EqualTo(key));
            Assert.That(ofSeat.Key, Is.EqualTo(key));
        }
    }

    [TestCase("0", 0)]
    [TestCase("00000000000000000000000000000000000003", 3)]
    [TestCase("9223372036854775807", long.MaxValue)]
    public void TryParse_OfACounter_Accepts0To2Pow63Minus1(string digits, long counter) =>
        Assert.That(Parse($"6,x,1,0,{digits}").Counter, Is.EqualTo(counter));

    [TestCase("n", 64)]
    [TestCase("é", 64)]
    [TestCase("漢", 64)]
    [TestCase("🎲", 64)]
    public void TryParse_OfANameOf64Characters_AcceptsItAndNotOneMore(string character, int countMax)
    {
        var name = string.Concat(Enumerable.Repeat(character, countMax));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Outcome($"0,{name},*,*,*"), Is.EqualTo($"0 name={name} partner= token= long=False"));
            Assert.That(Outcome($"0,A,*,{name},*"), Is.EqualTo($"0 name=A partner={name} token= long=False"));
            Assert.That(Outcome($"0,{name}{character},*,*,*"), Is.EqualTo("7/*/*"));
            Assert.That(Outcome($"0,A,*,{name}{character},*"), Is.EqualTo("16/*/*"));
        }
    }

    [Test]
    public void TryParse_OfATokenOf64Characters_AcceptsItAndNotOneMore()
    {
        var token = new string('t', 64);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Outcome($"0,A,*,*,{token}"), Is.EqualTo($"0 name=A partner= token={token} long=False"));
            Assert.That(Outcome($"0,A,*,*,{token}t"), Is.EqualTo("4/2/*"));
        }
    }

    [Test]
    public void TryParse_OfATokenCharacter_AcceptsVisibleAsciiExceptStarAndComma()
    {
        var taken = Enumerable.Range(0, 128).Select(c => (char)c)
            .Where(c => Outcome($"0,A,*,*,x{c}x").StartsWith("0 ", StringComparison.Ordinal));
        var visible = Enumerable.Range(0x21, 0x7F - 0x21).Select(c => (char)c).Where(c => c is not ('*' or ','));
        Assert.That(taken, Is.EqualTo(visible));
    }

    [Test]
    public void TryParse_OfANameWithAnyControlCharacter_Refuses()
    {
        var refused = Enumerable.Range(0, 0x250).Where(c => c != ',')
            .Where(c => Outcome($"0,x{(char)c},*,*,*") == "7/*/*" && Outcome($"0,A,*,x{(char)c},*") == "16/*/*");
        Assert.That(refused, Is.EqualTo(Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21))));
    }

    [Test]
    public void TryParse_OfAnUpdate_AllocatesNothing()
    {
        var body = Encoding.UTF8.GetBytes("6,{\"move\":[1,2,3]},9007199254740991,1,1234567");
        var taken = 0;
        for (var i = 0; i < 100; i++)
            taken += RequestParser.TryParse(body, out _, out _) ? 1 : 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            taken += RequestParser.TryParse(body, out _, out _) ? 1 : 0;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken, Is.EqualTo(1100));
            Assert.That(allocated, Is.Zero);
        }
    }

    private static string Outcome(string body) => ReferenceParser.OutcomeOf(Encoding.UTF8.GetBytes(body));

    private static TurnRequest Parse(string body)
    {
        Assert.That(RequestParser.TryParse(Encoding.UTF8.GetBytes(body), out var request, out _), body);
        return request;
    }
}
