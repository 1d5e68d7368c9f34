using System.Text;
using CsCheck;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Protocol;

/// <summary>Compares the parser with a simple reference parser on random bodies.</summary>
public sealed class RequestParserPropertyTests
{
    private static readonly Gen<string> Field = Gen.OneOf(
        OneOf("*", "", "0", "1", "2", "6", "17", "-1", "00", "x", "Ann", "bibbybabbis", "*#p", "t-1", "a b", "é",
            "🎲", "|", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
            "\n", "\u0085"),
        Gen.ULong.Select(number => $"{number}"),
        Gen.String[Gen.Char['!', '~'], 0, 70],
        Gen.String[Gen.Char['!', '~'], 0, 35].Select(pool => $"*#{pool}"));

    // A symbol and a few fields: close enough to a request to reach every rule.
    private static readonly Gen<byte[]> NearlyRequest = Gen.Select(
        OneOf("0", "1", "2", "3", "4", "5", "6", "7", ""), Field.Array[0, 7],
        (symbol, fields) => Encoding.UTF8.GetBytes(string.Join(',', (string[])[symbol, .. fields])));

    // The same with one byte changed, which breaks UTF-8.
    private static readonly Gen<byte[]> Damaged =
        Gen.Select(NearlyRequest, Gen.Int[0, 200], Gen.Byte, (body, place, to) =>
        {
            if (body.Length > 0)
                body[place % body.Length] = to;
            return body;
        });

    [Test]
    public void TryParse_OfAnyBody_AgreesWithTheReferenceParser() =>
        Gen.OneOf(NearlyRequest, Damaged, Gen.Byte.Array[0, 64]).Sample(
            body => ReferenceParser.OutcomeOf(body) == ReferenceParser.Outcome(body), iter: 30_000, threads: 1,
            print: body => $"{Convert.ToHexString(body)}: {ReferenceParser.OutcomeOf(body)}, expected "
                + ReferenceParser.Outcome(body));

    [Test]
    public void TryParse_OfAnUpdate_GivesItsFields() =>
        Gen.Select(Gen.String.Select(WithoutLoneSurrogates), Gen.ULong, Gen.Int[0, 1], Gen.Long[0, long.MaxValue])
            .Sample((data, key, seat, counter) =>
            {
                var body = Encoding.UTF8.GetBytes($"6,{data},{key},{seat},{counter}");
                return RequestParser.TryParse(body, out var request, out _)
                    && request.Symbol == Symbol.GameUpdate && request.Key == key && request.Seat == seat
                    && request.Counter == counter && body[request.Data].SequenceEqual(Encoding.UTF8.GetBytes(data));
            }, iter: 5_000, threads: 1);

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static string WithoutLoneSurrogates(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
