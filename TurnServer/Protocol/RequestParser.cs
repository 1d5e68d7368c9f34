using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace TurnServer.Protocol;

/// <summary>Parses request bodies: <c>SYMBOL,DATA,KEY,PLAYER,COUNTER</c> (PROTOCOL.md, "Request").</summary>
public static class RequestParser
{
    private const byte PoolSign = (byte)'#';

    private static ReadOnlySpan<byte> LongTimeoutKey => "bibbybabbis"u8;

    /// <summary>
    /// Parses a whole body without allocating. On false, <paramref name="refusal"/> is the reply: error 20, 2, 4, 7 or
    /// 16, checked in the order of PROTOCOL.md.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> body, out TurnRequest request, out Reply refusal)
    {
        request = default;
        if (body.Length > ProtocolLimits.BodyBytesMax)
            return Refuse(ErrorCode.OverContentLength, out refusal);
        if (body.IsEmpty || !Utf8.IsValid(body))
            return Refuse(ErrorCode.NoPostData, out refusal);

        body = body[..LengthWithoutLineBreak(body)];
        var symbolEnd = body.IndexOf((byte)',');
        var symbolField = symbolEnd < 0 ? body : body[..symbolEnd];
        if (symbolField.Length != 1 || symbolField[0] is < (byte)'0' or > (byte)'6')
            return Refuse(FormatFault.Symbol, out refusal);

        var symbol = (Symbol)(symbolField[0] - (byte)'0');
        return symbol >= Symbol.GameQuit
            ? TryParseGame(symbol, body, out request, out refusal)
            : TryParsePairing(symbol, body, out request, out refusal);
    }

    // One LF or CRLF at the end of a body is not part of its last field: println, heredocs and curl's
    // --data-binary @FILE send one.
    internal static int LengthWithoutLineBreak(ReadOnlySpan<byte> body) => body switch
    {
        [.., (byte)'\r', (byte)'\n'] => body.Length - 2,
        [.., (byte)'\n'] => body.Length - 1,
        _ => body.Length,
    };

    // Key, player and counter follow the last three commas; DATA is everything before them and may contain commas.
    private static bool TryParseGame(Symbol symbol, ReadOnlySpan<byte> body, out TurnRequest request, out Reply refusal)
    {
        request = default;
        const int DataStart = 2;
        var counterComma = body.LastIndexOf((byte)',');
        var playerComma = counterComma < DataStart ? -1 : body[..counterComma].LastIndexOf((byte)',');
        var keyComma = playerComma < DataStart ? -1 : body[..playerComma].LastIndexOf((byte)',');
        if (keyComma < DataStart)
            return Refuse(FormatFault.FieldCount, out refusal);

        var player = body[(playerComma + 1)..counterComma];
        if (player.Length != 1 || player[0] is not ((byte)'0' or (byte)'1'))
            return Refuse(FormatFault.Player, out refusal);

        long counter = 0;
        if (symbol == Symbol.GameUpdate && !TryParseCounter(body[(counterComma + 1)..], out counter))
            return Refuse(FormatFault.Counter, out refusal);
        if (!TryParseNumber(body[(keyComma + 1)..playerComma], out var key))
            return Refuse(FormatFault.Key, out refusal);

        request = new TurnRequest
        {
            Symbol = symbol,
            Key = key,
            Seat = (byte)(player[0] - (byte)'0'),
            Counter = counter,
            Data = symbol == Symbol.GameUpdate ? DataStart..keyComma : default,
        };
        refusal = default;
        return true;
    }

    private static bool TryParsePairing(Symbol symbol, ReadOnlySpan<byte> body, out TurnRequest request,
        out Reply refusal)
    {
        request = default;
        var commas = body.Count((byte)',');
        if (commas is not (3 or 4))
            return Refuse(FormatFault.FieldCount, out refusal);

        var data = NextField(body, 2);
        var key = NextField(body, data.End.Value + 1);
        if (symbol == Symbol.Register)
        {
            var partner = NextField(body, key.End.Value + 1);
            var token = commas == 4 ? (partner.End.Value + 1)..body.Length : default(Range?);
            return TryParseRegister(body, data, key, partner, token, out request, out refusal);
        }

        if (!TryParseNumber(body[key], out var number))
            return Refuse(FormatFault.Key, out refusal);
        request = new TurnRequest { Symbol = symbol, Key = number };
        refusal = default;
        return true;
    }

    private static bool TryParseRegister(ReadOnlySpan<byte> body, Range name, Range key, Range partner, Range? token,
        out TurnRequest request, out Reply refusal)
    {
        request = default;
        var hasToken = token is { } range && !IsStar(body[range]);
        if (hasToken && !IsToken(body[token!.Value]))
            return Refuse(FormatFault.Counter, out refusal);
        if (!TryParseRegisterKey(body, key, out var longTimeout, out var pool))
            return Refuse(FormatFault.Key, out refusal);
        if (!IsName(body[name]))
            return Refuse(ErrorCode.RegisterFail, out refusal);
        var isAnyone = IsStar(body[partner]);
        if (!isAnyone && !IsName(body[partner]))
            return Refuse(ErrorCode.BadPartnerName, out refusal);

        request = new TurnRequest
        {
            Symbol = Symbol.Register,
            Name = name,
            Partner = isAnyone ? default : partner,
            Token = hasToken ? token!.Value : default,
            Pool = pool,
            LongTimeout = longTimeout,
        };
        refusal = default;
        return true;
    }

    // "*" or "bibbybabbis", followed by nothing or by "#POOL".
    private static bool TryParseRegisterKey(ReadOnlySpan<byte> body, Range field, out bool longTimeout, out Range pool)
    {
        pool = default;
        var key = body[field];
        var sign = key.IndexOf(PoolSign);
        if (sign >= 0)
        {
            pool = (field.Start.Value + sign + 1)..field.End.Value;
            if (!IsPool(body[pool]))
            {
                longTimeout = false;
                return false;
            }

            key = key[..sign];
        }

        longTimeout = key.SequenceEqual(LongTimeoutKey);
        return longTimeout || IsStar(key);
    }

    private static Range NextField(ReadOnlySpan<byte> body, int start)
    {
        var length = body[start..].IndexOf((byte)',');
        return length < 0 ? start..body.Length : start..(start + length);
    }

    private static bool IsStar(ReadOnlySpan<byte> field) => field.Length == 1 && field[0] == (byte)'*';

    private static bool TryParseCounter(ReadOnlySpan<byte> digits, out long counter)
    {
        counter = 0;
        if (!TryParseNumber(digits, out var number) || number > long.MaxValue)
            return false;
        counter = (long)number;
        return true;
    }

    // Only digits. A number of more than 64 bits saturates: it is well-formed, but no key.
    internal static bool TryParseNumber(ReadOnlySpan<byte> digits, out ulong number)
    {
        number = 0;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        if (!Utf8Parser.TryParse(digits, out number, out _))
            number = ulong.MaxValue;
        return true;
    }

    /// <summary>
    /// Whether this may name a pool: 1 to 32 visible ASCII characters other than <c>,</c> and <c>#</c> (PROTOCOL.md,
    /// "Pools").
    /// </summary>
    internal static bool IsPool(ReadOnlySpan<byte> name) =>
        name.Length is >= 1 and <= ProtocolLimits.PoolCharactersMax
        && !name.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !name.ContainsAny((byte)',', PoolSign);

    // 1 to 64 visible ASCII characters other than '*' (PROTOCOL.md, "Pairing").
    private static bool IsToken(ReadOnlySpan<byte> field) =>
        field.Length is >= 1 and <= ProtocolLimits.TokenCharactersMax
        && !field.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !field.Contains((byte)'*');

    // 1 to 64 Unicode scalar values, no control characters (PROTOCOL.md, errors 7 and 16).
    private static bool IsName(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > ProtocolLimits.NameCharactersMax * 4)
            return false;
        if (Ascii.IsValid(name))
        {
            return name.Length <= ProtocolLimits.NameCharactersMax
                && !name.ContainsAnyExceptInRange((byte)' ', (byte)'~');
        }

        var characters = 0;
        foreach (var rune in new Utf8Runes(name))
        {
            if (Rune.IsControl(rune) || ++characters > ProtocolLimits.NameCharactersMax)
                return false;
        }

        return true;
    }

    private static bool Refuse(ErrorCode error, out Reply refusal)
    {
        refusal = Reply.Refuse(error);
        return false;
    }

    private static bool Refuse(FormatFault fault, out Reply refusal)
    {
        refusal = Reply.Refuse(ErrorCode.PostDataFormat, (byte)fault);
        return false;
    }

    // Enumerates the scalar values of valid UTF-8.
    private ref struct Utf8Runes(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public Rune Current { get; private set; }

        public readonly Utf8Runes GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
                return false;
            Rune.DecodeFromUtf8(_rest, out var rune, out var length);
            Current = rune;
            _rest = _rest[length..];
            return true;
        }
    }
}
