using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Protocol;

/// <summary>
/// The outcome of every prefix of a request. Each case is a whole request and the outcomes of its prefixes, as "from
/// this length on: outcome".
/// </summary>
public sealed class RequestParserPrefixTests
{
    private const string Ann = "0 name=Ann partner=";

    [TestCase("0,Ann,bibbybabbis,Bo,t1",
        "0: 2/*/*", "1: 4/4/*", "18: 16/*/*", "19: " + Ann + "B token= long=True",
        "20: " + Ann + "Bo token= long=True", "21: 4/2/*", "22: " + Ann + "Bo token=t long=True",
        "23: " + Ann + "Bo token=t1 long=True")]
    [TestCase("0,Ann,*,*,*",
        "0: 2/*/*", "1: 4/4/*", "8: 16/*/*", "9: " + Ann + " token= long=False", "10: 4/2/*",
        "11: " + Ann + " token= long=False")]
    [TestCase("0,Ann,*,é,*",
        "0: 2/*/*", "1: 4/4/*", "8: 16/*/*", "9: 2/*/*", "10: " + Ann + "é token= long=False", "11: 4/2/*",
        "12: " + Ann + "é token= long=False")]
    [TestCase("1,*,17,*,*", "0: 2/*/*", "1: 4/4/*", "7: 1 key=17")]
    [TestCase("2,*,17,*,*", "0: 2/*/*", "1: 4/4/*", "7: 2 key=17")]
    [TestCase("3,*,17,*,*", "0: 2/*/*", "1: 4/4/*", "7: 3 key=17")]
    [TestCase("4,*,17,*", "0: 2/*/*", "1: 4/4/*", "7: 4 key=17")]
    [TestCase("5,*,17,1,*", "0: 2/*/*", "1: 4/4/*", "9: 5 key=17 seat=1")]
    [TestCase("6,turn,17,0,42",
        "0: 2/*/*", "1: 4/4/*", "12: 4/2/*", "13: 6 data=turn key=17 seat=0 counter=4",
        "14: 6 data=turn key=17 seat=0 counter=42")]
    [TestCase("6,a,0,b,17,1,3",
        "0: 2/*/*", "1: 4/4/*", "8: 4/1/*", "13: 4/2/*", "14: 6 data=a,0,b key=17 seat=1 counter=3")]
    [TestCase("6,,17,1,0", "0: 2/*/*", "1: 4/4/*", "8: 4/2/*", "9: 6 data= key=17 seat=1 counter=0")]
    public void TryParse_OfEveryPrefix_GivesADefiniteOutcome(string request, params string[] outcomes)
    {
        var body = Encoding.UTF8.GetBytes(request);
        var expected = new string[body.Length + 1];
        foreach (var outcome in outcomes)
        {
            var colon = outcome.IndexOf(": ", StringComparison.Ordinal);
            Array.Fill(expected, outcome[(colon + 2)..], int.Parse(outcome[..colon]),
                expected.Length - int.Parse(outcome[..colon]));
        }

        var found = Enumerable.Range(0, expected.Length)
            .Select(length => ReferenceParser.OutcomeOf(body.AsSpan(0, length)));
        Assert.That(found, Is.EqualTo(expected));
    }
}
