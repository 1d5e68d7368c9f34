using System.Text;
using TurnServer.Http;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>
/// Parses arbitrary bytes as a body and as three headers, and compares the results with the reference parsers'.
/// </summary>
internal static class ParserOracle
{
    // Surrounds the input to detect reads beyond it: a comma and a digit change any request.
    private static readonly byte[] Frame = "6,9,"u8.ToArray();

    /// <summary>The difference or exception; null if the parsers agree.</summary>
    public static string? Check(byte[] input)
    {
        try
        {
            return CheckBody(input) ?? CheckHeaders(Encoding.Latin1.GetString(input));
        }
        catch (Exception bug)
        {
            return bug.ToString();
        }
    }

    private static string? CheckBody(byte[] body)
    {
        var expected = ReferenceParser.Outcome(body);
        var found = ReferenceParser.OutcomeOf(body);
        if (found != expected)
            return Differ("body", expected, found);
        byte[] framed = [.. Frame, .. body, .. Frame];
        found = ReferenceParser.OutcomeOf(framed.AsSpan(Frame.Length, body.Length));
        if (found != expected)
            return Differ("body within other bytes", expected, found);
        var isParsed = RequestParser.TryParse(body, out var request, out var refusal);
        if (isParsed ? refusal != default : request != default)
            return $"the body gave both a request and a refusal: {request}, {refusal}";
        return isParsed ? CheckRanges(request, body) : null;
    }

    // The turn starts after the symbol and is followed by the three other fields.
    private static string? CheckRanges(in TurnRequest request, byte[] body)
    {
        if (request.Symbol != Symbol.GameUpdate)
            return null;
        var rest = Encoding.ASCII.GetString(body.AsSpan(request.Data.End.Value)).Split(',');
        return request.Data.Start.Value == 2 && rest is ["", _, _, _]
            ? null
            : $"the turn is at {request.Data} of {body.Length} bytes";
    }

    private static string? CheckHeaders(string header)
    {
        var (wait, simpleWait) = (PreferHeader.WaitSeconds(header), ReferenceHeaders.WaitSeconds(header));
        if (wait != simpleWait)
            return Differ("Prefer", $"{simpleWait}", $"{wait}");
        int? received = TurnReceivedHeader.TryParse(header, out var bytes) ? bytes : null;
        var simplyReceived = ReferenceHeaders.ReceivedBytes(header);
        if (received != simplyReceived)
            return Differ("Turn-Received", $"{simplyReceived}", $"{received}");
        var address = ForwardedForHeader.LastAddress(header);
        var plain = ReferenceHeaders.PlainForwardedFor(header);
        if (plain is not null && address?.ToString() != plain)
            return Differ("X-Forwarded-For", plain, $"{address}");
        var last = ForwardedForHeader.LastAddress(header.Split(',')[^1]);
        return address == last ? null : Differ("X-Forwarded-For, its last address", $"{last}", $"{address}");
    }

    private static string Differ(string what, string expected, string found) =>
        $"{what}: {found}, but the reference parser has {expected}";
}
