using System.Text;
using TurnServer.Protocol;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Fuzz;

/// <summary>
/// Inputs from a fixed seed against the request and header parsers; a failing input is printed, shrunk.
/// </summary>
public sealed class ParserFuzzTests
{
    private const ulong Seed = 4_711;

    [Test]
    public void Parsers_WithManyInputs_AgreeWithTheReference() => Fuzz(Seed, 20_000);

    [Test, Category("Slow")]
    public void Parsers_WithAMillionInputs_AgreeWithTheReference() => Fuzz(Seed + 1, 1_000_000);

    [Test]
    public void Draw_FromASeed_ReachesEveryOutcome()
    {
        var outcomes = new HashSet<string>();
        var longest = 0;
        for (var i = 0UL; i < 20_000; i++)
        {
            var input = ParserInputs.Draw(new SeededRandom(SeededRandom.Derive(Seed, i)));
            longest = Math.Max(longest, input.Length);
            outcomes.Add(RequestParser.TryParse(input, out var request, out var refusal)
                ? $"{request.Symbol}"
                : Encoding.UTF8.GetString(ReplyWriter.ToBytes(refusal)));
        }

        string[] refusals =
            ["2/*/*", "4/0/*", "4/1/*", "4/2/*", "4/3/*", "4/4/*", "7/*/*", "16/*/*", "20/*/*"];
        Assert.That(outcomes, Is.EquivalentTo(Enum.GetNames<Symbol>().Concat(refusals)));
        Assert.That(longest, Is.EqualTo(ProtocolLimits.BodyBytesMax + 3));
    }

    [Test]
    public void Shrink_OfAFailingInput_LeavesTheBytesThatMatter() =>
        Assert.That(ByteShrinker.Shrink("0,Ann,*,somebody,17"u8.ToArray(), bytes => bytes.Contains((byte)'o')
            && bytes.Count(value => value == ',') >= 2), Is.EquivalentTo(",o,"u8.ToArray()));

    private static void Fuzz(ulong seed, ulong count)
    {
        for (var i = 0UL; i < count; i++)
        {
            var input = ParserInputs.Draw(new SeededRandom(SeededRandom.Derive(seed, i)));
            if (ParserOracle.Check(input) is not null)
                Assert.Fail($"Input {i} of seed {seed}, shrunk: {FuzzCommands.Show(input)}");
        }
    }
}
