using System.Globalization;
using System.Text;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>
/// Draws HTTP inputs: complete requests, whose reply follows from their body, and malformed ones.
/// </summary>
internal static class HttpInputs
{
    private const int CompletePerMille = 350;
    private const int ForeignPerMille = 40;

    private static readonly Ending[] FaultyEndings =
        [Ending.Read, Ending.Read, Ending.Read, Ending.Read, Ending.Close, Ending.Reset, Ending.HalfClose];

    /// <summary>Draws an input.</summary>
    public static HttpInput Draw(SeededRandom random)
    {
        if (random.Is(ForeignPerMille))
            return Finish(random.Of(HttpParts.Foreign), random);
        var body = ParserInputs.Draw(random);
        var isChunked = random.Is(400);
        List<string> head = ["POST / HTTP/1.1", "Host: test"];
        head.Add(isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {body.Length}");
        AddHarmless(head, random);
        if (random.Is(CompletePerMille))
        {
            byte[] bytes = [.. Head(head), .. isChunked ? Chunks(body, random, faultsPerMille: 0) : body];
            return new HttpInput(Split(bytes, random), Ending.Read, Expect(body));
        }

        var faultsPerMille = isChunked && random.Is(500) ? 300 : 0;
        for (var faults = random.Between(faultsPerMille > 0 ? 0 : 1, 3); faults > 0; faults--)
            Break(head, random);
        byte[] broken = [.. Head(head, random), .. isChunked ? Chunks(body, random, faultsPerMille) : body];
        return Finish(broken, random);
    }

    // Real keys are random numbers below 2⁵³; the inputs never hit one.
    private static string Expect(byte[] body)
    {
        var outcome = ReferenceParser.Outcome(body);
        return outcome switch
        {
            _ when outcome.Split(' ')[0].Contains('/') => outcome,
            ['0', ..] => "0/0/",
            ['5' or '6', ..] => "13/*/*",
            _ => "5/*/*",
        };
    }

    private static void AddHarmless(List<string> head, SeededRandom random)
    {
        if (random.Is(100))
            head.Insert(random.Between(1, head.Count), "Expect: 100-continue");
        if (random.Is(100))
            head.Insert(random.Between(1, head.Count), "Origin: http://a");
        if (random.Is(100))
            head.Insert(random.Between(1, head.Count), $"X-Long: {new string('y', random.Below(9_000))}");
        if (random.Is(100))
            head[0] = "POST /any/path?and=query HTTP/1.1";
        for (var i = 1; i < head.Count; i++)
        {
            var colon = head[i].IndexOf(':', StringComparison.Ordinal);
            if (random.Is(100))
                head[i] = head[i][..colon].ToUpperInvariant() + head[i][colon..];
        }
    }

    private static void Break(List<string> head, SeededRandom random)
    {
        var at = random.Below(head.Count);
        switch (random.Below(8))
        {
            case 0 or 1:
                head[0] = random.Of(HttpParts.RequestLines);
                break;
            case 2 when head.Count > 1:
                head.RemoveAt(at);
                break;
            case 3:
                head.Insert(at, head[at]);
                break;
            default:
                head.Insert(Math.Max(1, at), random.Of(HttpParts.Headers));
                break;
        }
    }

    private static byte[] Head(List<string> lines, SeededRandom? random = null)
    {
        var text = new StringBuilder();
        foreach (var line in lines.Append(""))
            text.Append(line).Append(random?.Is(20) == true ? random.Of(HttpParts.LineEnds) : "\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static byte[] Chunks(byte[] body, SeededRandom random, int faultsPerMille)
    {
        var chunks = new List<byte>();
        // The largest chunk; tiny chunks of a long body are rare.
        var longest = random.Is(30) ? 3 : random.Between(Math.Max(8, body.Length / 50), Math.Max(9, body.Length));
        for (var start = 0; start < body.Length;)
        {
            var length = Math.Min(random.Between(1, longest), body.Length - start);
            Line(length.ToString(random.Is(500) ? "x" : "X", CultureInfo.InvariantCulture));
            chunks.AddRange(body[start..(start + length)]);
            Add("");
            start += length;
        }

        Line("0");
        if (faultsPerMille > 0 && random.Is(300))
            Add(random.Of(HttpParts.Headers));
        Add("");
        return [.. chunks];

        void Line(string size) => Add(IsFaulty() ? random.Of(HttpParts.ChunkSizes) : random.Is(50) ? "00" + size
            : random.Is(50) ? size + ";a=b" : size);

        void Add(string text) => chunks.AddRange(
            Encoding.UTF8.GetBytes(text + (IsFaulty() ? random.Of(HttpParts.LineEnds) : "\r\n")));

        bool IsFaulty() => faultsPerMille > 0 && random.Is(faultsPerMille);
    }

    private static HttpInput Finish(byte[] bytes, SeededRandom random)
    {
        switch (random.Below(8))
        {
            case 0:
                bytes = bytes[..random.Below(bytes.Length + 1)];
                break;
            case 1:
                // Pipelined: another request follows.
                bytes = [.. bytes, .. random.Is(500) ? bytes : random.Of(HttpParts.Foreign)];
                break;
            case 2 or 3 when bytes.Length > 0:
                for (var changes = random.Between(1, 3); changes > 0; changes--)
                    bytes[random.Below(Math.Min(bytes.Length, 400))] = (byte)random.Below(256);
                break;
            default:
                break;
        }

        var ending = random.Is(3) ? Ending.Linger : random.Of(FaultyEndings);
        return new HttpInput(Split(bytes, random), ending, null);
    }

    private static List<byte[]> Split(byte[] bytes, SeededRandom random)
    {
        var pieces = new List<byte[]>();
        for (var cuts = random.Is(700) ? 0 : random.Between(1, 3); cuts > 0 && bytes.Length > 1; cuts--)
        {
            var at = random.Between(1, bytes.Length - 1);
            pieces.Add(bytes[..at]);
            bytes = bytes[at..];
        }

        pieces.Add(bytes);
        return pieces;
    }
}
