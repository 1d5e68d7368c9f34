using System.Globalization;
using System.Text;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>
/// Draws what clients send: whole requests, whose reply is known from their body, and such with a fault in what they
/// are made of.
/// </summary>
internal static class HttpInputs
{
    private const int WholePerMille = 350;
    private const int ForeignPerMille = 40;

    private static readonly Ending[] FaultyEndings =
        [Ending.Read, Ending.Read, Ending.Read, Ending.Read, Ending.Close, Ending.Reset, Ending.HalfClose];

    /// <summary>The next input.</summary>
    public static HttpInput Draw(Chance chance)
    {
        if (chance.Is(ForeignPerMille))
            return Finish(chance.Of(HttpParts.Foreign), chance);
        var body = ParserInputs.Draw(chance);
        var isChunked = chance.Is(400);
        List<string> head = ["POST / HTTP/1.1", "Host: test"];
        head.Add(isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {body.Length}");
        AddHarmless(head, chance);
        if (chance.Is(WholePerMille))
        {
            byte[] bytes = [.. Head(head), .. isChunked ? Chunks(body, chance, faultsPerMille: 0) : body];
            return new HttpInput(Split(bytes, chance), Ending.Read, Expect(body));
        }

        var faultsPerMille = isChunked && chance.Is(500) ? 300 : 0;
        for (var faults = chance.Between(faultsPerMille > 0 ? 0 : 1, 3); faults > 0; faults--)
            Break(head, chance);
        byte[] broken = [.. Head(head, chance), .. isChunked ? Chunks(body, chance, faultsPerMille) : body];
        return Finish(broken, chance);
    }

    // Keys are drawn below 2⁵³ at random: nobody has one of these.
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

    private static void AddHarmless(List<string> head, Chance chance)
    {
        if (chance.Is(100))
            head.Insert(chance.Between(1, head.Count), "Expect: 100-continue");
        if (chance.Is(100))
            head.Insert(chance.Between(1, head.Count), "Origin: http://a");
        if (chance.Is(100))
            head.Insert(chance.Between(1, head.Count), $"X-Long: {new string('y', chance.Below(9_000))}");
        if (chance.Is(100))
            head[0] = "POST /any/path?and=query HTTP/1.1";
        for (var i = 1; i < head.Count; i++)
        {
            var colon = head[i].IndexOf(':', StringComparison.Ordinal);
            if (chance.Is(100))
                head[i] = head[i][..colon].ToUpperInvariant() + head[i][colon..];
        }
    }

    private static void Break(List<string> head, Chance chance)
    {
        var at = chance.Below(head.Count);
        switch (chance.Below(8))
        {
            case 0 or 1:
                head[0] = chance.Of(HttpParts.RequestLines);
                break;
            case 2 when head.Count > 1:
                head.RemoveAt(at);
                break;
            case 3:
                head.Insert(at, head[at]);
                break;
            default:
                head.Insert(Math.Max(1, at), chance.Of(HttpParts.Headers));
                break;
        }
    }

    private static byte[] Head(List<string> lines, Chance? chance = null)
    {
        var text = new StringBuilder();
        foreach (var line in lines.Append(""))
            text.Append(line).Append(chance?.Is(20) == true ? chance.Of(HttpParts.LineEnds) : "\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static byte[] Chunks(byte[] body, Chance chance, int faultsPerMille)
    {
        var chunks = new List<byte>();
        // Up to so many bytes each: of a long body seldom ones of a few.
        var longest = chance.Is(30) ? 3 : chance.Between(Math.Max(8, body.Length / 50), Math.Max(9, body.Length));
        for (var start = 0; start < body.Length;)
        {
            var length = Math.Min(chance.Between(1, longest), body.Length - start);
            Line(length.ToString(chance.Is(500) ? "x" : "X", CultureInfo.InvariantCulture));
            chunks.AddRange(body[start..(start + length)]);
            Add("");
            start += length;
        }

        Line("0");
        if (faultsPerMille > 0 && chance.Is(300))
            Add(chance.Of(HttpParts.Headers));
        Add("");
        return [.. chunks];

        void Line(string size) => Add(IsFaulty() ? chance.Of(HttpParts.ChunkSizes) : chance.Is(50) ? "00" + size
            : chance.Is(50) ? size + ";a=b" : size);

        void Add(string text) => chunks.AddRange(
            Encoding.UTF8.GetBytes(text + (IsFaulty() ? chance.Of(HttpParts.LineEnds) : "\r\n")));

        bool IsFaulty() => faultsPerMille > 0 && chance.Is(faultsPerMille);
    }

    private static HttpInput Finish(byte[] bytes, Chance chance)
    {
        switch (chance.Below(8))
        {
            case 0:
                bytes = bytes[..chance.Below(bytes.Length + 1)];
                break;
            case 1:
                // Pipelined: the next stands behind it.
                bytes = [.. bytes, .. chance.Is(500) ? bytes : chance.Of(HttpParts.Foreign)];
                break;
            case 2 or 3 when bytes.Length > 0:
                for (var changes = chance.Between(1, 3); changes > 0; changes--)
                    bytes[chance.Below(Math.Min(bytes.Length, 400))] = (byte)chance.Below(256);
                break;
            default:
                break;
        }

        var ending = chance.Is(3) ? Ending.Linger : chance.Of(FaultyEndings);
        return new HttpInput(Split(bytes, chance), ending, null);
    }

    private static List<byte[]> Split(byte[] bytes, Chance chance)
    {
        var pieces = new List<byte[]>();
        for (var cuts = chance.Is(700) ? 0 : chance.Between(1, 3); cuts > 0 && bytes.Length > 1; cuts--)
        {
            var at = chance.Between(1, bytes.Length - 1);
            pieces.Add(bytes[..at]);
            bytes = bytes[at..];
        }

        pieces.Add(bytes);
        return pieces;
    }
}
