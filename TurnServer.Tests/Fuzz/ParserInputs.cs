using System.Globalization;
using System.Numerics;
using System.Text;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Fuzz;

/// <summary>Draws inputs for the parser: requests and headers, valid or corrupted at interesting places.</summary>
internal static class ParserInputs
{
    private const int BodyBytesMax = 16_384;

    private static readonly string[] Fields =
    [
        "*", "", "0", "1", "2", "6", "7", "00", "-1", "+1", " 1", "1 ", "1.0", "0x1", "１", "Ann", "bibbybabbis",
        "BibbyBabbis", "t-1", "a b", "é", "e\u0301", "🎲", "|", "/", "\0", "\n", "\r\n", "\u007f", "\u0085",
        "\u00a0", "\u2028", "\ufeff", "\uffff", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    ];

    private static readonly string[] Headers =
    [
        "wait=10", "WAIT = 10", "wait=\"10\"", "wait", "wait=", "wait=-1", "wait=1;x=2", "respond-async, wait=7",
        "x=\"a,b\\\"c\", wait=3", "x=\"wait=9", "wait=99999999999999999999", "0", "131072", " 17 ", "2147483648",
        "192.0.2.7", "1.2.3.4, 198.51.100.9:4711", "[2001:db8::1]:80", "2001:db8::1%eth0", "::ffff:192.0.2.1", "::1",
        "0x7f.1", "256.1.1.1", "1.2.3.4:99999", "unknown", "1", "fe80::1%25",
    ];

    // Invalid UTF-8: lone continuation and leading bytes, overlong forms, surrogates, beyond U+10FFFF.
    private static readonly byte[][] Damages =
    [
        [0x80], [0xBF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x8E], [0xC0, 0xAC], [0xC1, 0xBF], [0xE0, 0x80, 0xAC],
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE],
        [0xFF],
    ];

    private static readonly BigInteger[] Bounds =
        [.. new[] { 7, 8, 15, 16, 31, 32, 53, 63, 64, 65, 127, 128, 256 }.Select(bits => BigInteger.Pow(2, bits))];

    /// <summary>Draws an input.</summary>
    public static byte[] Draw(SeededRandom random)
    {
        var input = random.Is(850) ? DrawBody(random) : Encoding.UTF8.GetBytes(random.Of(Headers));
        for (var damages = random.Is(600) ? 0 : random.Between(1, 3); damages > 0; damages--)
            input = Damage(input, random);
        return random.Is(4) ? Resize(input, BodyBytesMax + random.Between(-3, 3), random) : input;
    }

    /// <summary>Valid requests and headers: the seed corpus of a coverage-guided fuzzer.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        string[] requests =
        [
            "0,Ann,bibbybabbis,Bo,t1", "0,Ann,*,*,*", "0,Ann,*,*", "1,*,17,*,*", "2,*,17,*", "3,*,17,*,*",
            "4,*,17,*,*", "5,*,17,1,*", "6,turn,17,0,42", "6,a,0,é,17,1,9223372036854775807", "6,,17,1,0",
        ];
        return requests.Concat(Headers).Select(Encoding.UTF8.GetBytes);
    }

    /// <summary>Tokens that such a fuzzer would hardly find, such as the limits of numbers.</summary>
    public static IEnumerable<byte[]> Tokens() =>
    [
        .. Fields.Where(field => field.Length > 0).Select(Encoding.UTF8.GetBytes),
        .. Damages,
        .. from bound in Bounds
           from offset in (int[])[-1, 0, 1]
           select Encoding.ASCII.GetBytes((bound + offset).ToString(CultureInfo.InvariantCulture)),
    ];

    private static byte[] DrawBody(SeededRandom random)
    {
        var symbol = random.Below(7);
        var number = DrawNumber(random);
        List<string> fields = symbol switch
        {
            0 => ["0", DrawName(random), random.Is(800) ? "*" : "bibbybabbis", random.Is(500) ? "*" : DrawName(random),
                random.Is(500) ? "*" : DrawToken(random)],
            5 => ["5", "*", number, $"{random.Below(2)}", "*"],
            6 => ["6", DrawTurn(random), number, $"{random.Below(2)}", DrawNumber(random)],
            _ => [$"{symbol}", "*", number, "*", "*"],
        };
        for (var changes = random.Is(500) ? 0 : random.Between(1, 3); changes > 0 && fields.Count > 0; changes--)
            Change(fields, random);
        return Encoding.UTF8.GetBytes(string.Join(',', fields));
    }

    private static void Change(List<string> fields, SeededRandom random)
    {
        var at = random.Below(fields.Count);
        switch (random.Below(5))
        {
            case 0:
                fields.RemoveAt(at);
                break;
            case 1:
                fields.Insert(at, fields[at]);
                break;
            case 2:
                var other = random.Below(fields.Count);
                (fields[at], fields[other]) = (fields[other], fields[at]);
                break;
            case 3:
                fields[at] = DrawNumber(random);
                break;
            default:
                fields[at] = random.Of(Fields);
                break;
        }
    }

    private static string DrawNumber(SeededRandom random)
    {
        var number = random.Is(500) ? random.Of(Bounds) + random.Between(-2, 2) : random.Draw() >> random.Below(64);
        var zeros = random.Is(100) ? new string('0', random.Between(1, 30)) : "";
        return zeros + number.ToString(CultureInfo.InvariantCulture);
    }

    private static string DrawName(SeededRandom random) => random.Below(4) switch
    {
        0 => "Ann",
        1 => random.Of(Fields),
        // The limit is 64 characters, whatever their size in bytes.
        2 => new string('x', random.Between(62, 66)),
        _ => string.Concat(Enumerable.Repeat(random.Is(500) ? "🎲" : "é", random.Between(62, 66))),
    };

    private static string DrawToken(SeededRandom random) =>
        random.Is(500) ? random.Of(Fields) : new string((char)random.Between(' ', 0x7F), random.Between(0, 66));

    private static string DrawTurn(SeededRandom random) =>
        string.Join(random.Is(500) ? "," : "", Enumerable.Range(0, random.Below(6)).Select(_ => random.Of(Fields)));

    private static byte[] Damage(byte[] input, SeededRandom random)
    {
        var at = random.Below(input.Length + 1);
        var to = random.Between(at, Math.Min(input.Length, at + 4));
        return random.Below(6) switch
        {
            0 => [.. input[..at], .. random.Of(Damages), .. input[at..]],
            1 => [.. input[..at], (byte)random.Below(256), .. input[to..]],
            2 => [.. input[..at], .. input[to..]],
            3 => [.. input[..at], (byte)',', .. input[at..]],
            4 => [.. input[..at], .. input[at..to], .. input[at..]],
            _ => input[..at],
        };
    }

    // Inserts filler, whose last character may be cut.
    private static byte[] Resize(byte[] input, int length, SeededRandom random)
    {
        if (input.Length >= length)
            return input[..length];
        var at = random.Is(700) ? Math.Min(2, input.Length) : random.Below(input.Length + 1);
        var filler = Encoding.UTF8.GetBytes(random.Of(["x", ",", "9", "é", "🎲", "*"]));
        var middle = new byte[length - input.Length];
        for (var i = 0; i < middle.Length; i++)
            middle[i] = filler[i % filler.Length];
        return [.. input[..at], .. middle, .. input[at..]];
    }
}
