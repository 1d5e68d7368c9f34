using System.Numerics;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>
/// A second, simple implementation of the request format of PROTOCOL.md, with strings, splitting and big integers.
/// An outcome is text: the refusal on the wire, or the request's fields.
/// </summary>
internal static class ReferenceParser
{
    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Outcome(byte[] body)
    {
        if (body.Length > 16384)
            return "20/*/*";
        string text;
        try
        {
            text = Strict.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return "2/*/*";
        }

        if (text.Length == 0)
            return "2/*/*";
        if (text.EndsWith('\n'))
            text = text[..^(text.EndsWith("\r\n", StringComparison.Ordinal) ? 2 : 1)];
        var fields = text.Split(',');
        return fields[0] switch
        {
            "0" => Register(fields),
            "1" or "2" or "3" or "4" => Pairing(fields),
            "5" or "6" => Game(fields),
            _ => "4/0/*",
        };
    }

    /// <summary>The real parser's outcome in the same format.</summary>
    public static string OutcomeOf(ReadOnlySpan<byte> body)
    {
        if (!RequestParser.TryParse(body, out var request, out var refusal))
            return WireText.Of(ReplyWriter.ToBytes(refusal));
        return Describe((int)request.Symbol, request.Key, request.Seat, request.Counter,
            WireText.Of(body[request.Data]), WireText.Of(body[request.Name]), WireText.Of(body[request.Partner]),
            WireText.Of(body[request.Pool]), WireText.Of(body[request.Token]), request.LongTimeout);
    }

    private static string Describe(int symbol, ulong key = 0, int seat = 0, long counter = 0, string data = "",
        string name = "", string partner = "", string pool = "", string token = "", bool isLong = false)
    {
        var isDefault = IsDefaultWhereUnused(symbol, key, seat, counter, data, name + partner + pool + token, isLong);
        return (symbol switch
        {
            0 => $"0 name={name} partner={partner}{(pool == "" ? "" : $" pool={pool}")} token={token} long={isLong}",
            5 => $"5 key={key} seat={seat}",
            6 => $"6 data={data} key={key} seat={seat} counter={counter}",
            _ => $"{symbol} key={key}",
        }) + (isDefault ? "" : " and unused fields that are set");
    }

    // Whether all fields that the symbol does not use have their default values.
    private static bool IsDefaultWhereUnused(int symbol, ulong key, int seat, long counter, string data,
        string registration, bool isLong) =>
        (symbol == 0 || (registration.Length == 0 && !isLong))
        && (symbol == 6 || (counter == 0 && data.Length == 0))
        && (symbol >= 5 || seat == 0)
        && (symbol != 0 || key == 0);

    private static string Register(string[] fields)
    {
        if (fields.Length is not (4 or 5))
            return "4/4/*";
        var token = fields.Length == 5 && fields[4] != "*" ? fields[4] : null;
        if (token is not null && (token.Length is 0 or > 64 || token.Any(c => c is < '!' or > '~' or '*')))
            return "4/2/*";
        var key = fields[2].Split('#', 2);
        if (key[0] is not ("*" or "bibbybabbis") || (key.Length == 2 && !IsPool(key[1])))
            return "4/3/*";
        if (!IsName(fields[1]))
            return "7/*/*";
        var partner = fields[3] == "*" ? "" : fields[3];
        if (fields[3] != "*" && !IsName(partner))
            return "16/*/*";
        return Describe(0, name: fields[1], partner: partner, pool: key.Length == 2 ? key[1] : "",
            token: token ?? "", isLong: key[0] != "*");
    }

    private static bool IsPool(string pool) =>
        pool.Length is >= 1 and <= 32 && pool.All(c => c is >= '!' and <= '~' and not ('#' or ','));

    private static string Pairing(string[] fields)
    {
        if (fields.Length is not (4 or 5))
            return "4/4/*";
        return Number(fields[2]) is { } key ? Describe(fields[0][0] - '0', Saturate(key)) : "4/3/*";
    }

    private static string Game(string[] fields)
    {
        if (fields.Length < 5)
            return "4/4/*";
        if (fields[^2] is not ("0" or "1"))
            return "4/1/*";
        var seat = fields[^2][0] - '0';
        var isUpdate = fields[0] == "6";
        var counter = isUpdate ? Number(fields[^1]) : 0;
        if (counter is not { } count || count > long.MaxValue)
            return "4/2/*";
        if (Number(fields[^3]) is not { } key)
            return "4/3/*";
        return isUpdate
            ? Describe(6, Saturate(key), seat, (long)count, string.Join(',', fields[1..^3]))
            : Describe(5, Saturate(key), seat);
    }

    private static bool IsName(string name)
    {
        var runes = name.EnumerateRunes().ToArray();
        return runes.Length is >= 1 and <= 64
            && !runes.Any(rune => rune.Value is < 0x20 or (>= 0x7F and <= 0x9F));
    }

    private static BigInteger? Number(string digits) =>
        digits.Length > 0 && digits.All(char.IsAsciiDigit) ? BigInteger.Parse(digits) : null;

    private static ulong Saturate(BigInteger key) => key > ulong.MaxValue ? ulong.MaxValue : (ulong)key;
}
