using System.Buffers;
using System.Buffers.Text;
using System.Text;
using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>
/// Text as turns: each line is a turn that any client can read. Whatever a turn cannot contain is escaped
/// (README.md), so arbitrary bytes arrive unchanged.
/// </summary>
/// <param name="turnBytesMax">The longest turn, in bytes.</param>
internal sealed class TextCodec(int turnBytesMax = TurnGame.TurnBytesMax) : ITransferCodec
{
    /// <summary>The lowest limit for a turn, in bytes: the longest escape plus the one for a continued line.</summary>
    public const int TurnBytesMin = 6;

    private const byte Escape = (byte)'\\';
    private const byte Ascii = 0x80;

    private static readonly byte[] EmptyLine = [.. @"\e"u8];
    private static readonly byte[] Continued = [.. @"\c"u8];
    private static readonly byte[] EndOfInput = [.. @"\."u8];
    private static readonly byte[] AllArrived = [.. @"\!all"u8];

    // Tells a partner with --raw that this side has no --raw; anything but its greeting would do.
    private static readonly byte[] IsText = [.. @"\!text"u8];

    // Leaves room for the escape of a continued line.
    private readonly byte[] _turn = new byte[turnBytesMax - Continued.Length];
    private int _length;

    // The first bytes of a character whose rest has not been read.
    private byte[] _partial = [];
    private bool _isFirst = true;
    private volatile bool _hasEnded;

    public int InputBytesMax => TurnGame.TurnBytesMax;

    public void Begin(List<ReadOnlyMemory<byte>> turns)
    {
        // Any client may read the turns: the first one is the first line.
    }

    public void Encode(ReadOnlySpan<byte> input, List<ReadOnlyMemory<byte>> turns)
    {
        var text = _partial.Length == 0 ? input : [.. _partial, .. input];
        _partial = [];
        while (!text.IsEmpty)
        {
            var length = 1;
            switch (text[0])
            {
                case (byte)'\n':
                    EndLine(turns);
                    break;
                case Escape:
                    Append(@"\\"u8, turns);
                    break;
                case (byte)'|':
                    Append(@"\p"u8, turns);
                    break;
                case (byte)'\r':
                    Append(@"\r"u8, turns);
                    break;
                case < Ascii:
                    Append(text[..1], turns);
                    break;
                default:
                    if (!TryAppendCharacter(text, turns, out length))
                    {
                        _partial = text.ToArray();
                        return;
                    }

                    break;
            }

            text = text[length..];
        }
    }

    public void Finish(List<ReadOnlyMemory<byte>> turns)
    {
        AppendHex(_partial, turns);
        _partial = [];
        if (_length > 0)
            BreakLine(turns);
        _hasEnded = true;
        turns.Add(EndOfInput);
    }

    public ReceivedTurn Decode(ReadOnlySpan<byte> turn, ArrayBufferWriter<byte> output)
    {
        var isFirst = _isFirst;
        _isFirst = false;
        if (isFirst && turn.StartsWith(RawCodec.AnyGreeting))
            return new ReceivedTurn(ReceivedKind.Fault, IsText, "uses --raw: start this side with --raw too");
        if (turn.SequenceEqual(EndOfInput))
            return new ReceivedTurn(ReceivedKind.End, AllArrived);
        if (_hasEnded && turn.SequenceEqual(AllArrived))
            return new ReceivedTurn(ReceivedKind.AllArrived);
        DecodeLine(turn.SequenceEqual(EmptyLine) ? default : turn, output);
        return new ReceivedTurn(ReceivedKind.Data);
    }

    // Other clients do not escape: an unknown escape is a backslash.
    private static void DecodeLine(ReadOnlySpan<byte> turn, ArrayBufferWriter<byte> output)
    {
        for (int plain; (plain = turn.IndexOf(Escape)) >= 0;)
        {
            output.Write(turn[..plain]);
            turn = turn[plain..];
            if (turn.SequenceEqual(Continued))
                return;
            var (meaning, length) = Unescape(turn);
            output.Write([meaning]);
            turn = turn[length..];
        }

        output.Write(turn);
        output.Write("\n"u8);
    }

    private static (byte Meaning, int Length) Unescape(ReadOnlySpan<byte> escape) => escape switch
    {
        [_, Escape, ..] => (Escape, 2),
        [_, (byte)'p', ..] => ((byte)'|', 2),
        [_, (byte)'r', ..] => ((byte)'\r', 2),
        [_, (byte)'n', ..] => ((byte)'\n', 2),
        [_, (byte)'x', var high, var low, ..] when char.IsAsciiHexDigit((char)high) && char.IsAsciiHexDigit((char)low)
            && Utf8Parser.TryParse([high, low], out byte value, out _, 'x') => (value, 4),
        _ => (Escape, 1),
    };

    // A multi-byte character, or bytes that are not UTF-8; false if more input is needed to decide.
    private bool TryAppendCharacter(ReadOnlySpan<byte> text, List<ReadOnlyMemory<byte>> turns, out int length)
    {
        var status = Rune.DecodeFromUtf8(text, out _, out length);
        if (status == OperationStatus.Done)
            Append(text[..length], turns);
        else if (status == OperationStatus.InvalidData)
            AppendHex(text[..length], turns);
        return status != OperationStatus.NeedMoreData;
    }

    private void AppendHex(ReadOnlySpan<byte> bytes, List<ReadOnlyMemory<byte>> turns)
    {
        Span<byte> escape = [.. @"\x00"u8];
        foreach (var value in bytes)
        {
            Convert.TryToHexString([value], escape[2..], out _);
            Append(escape, turns);
        }
    }

    // Appends a character or an escape, which must not be split.
    private void Append(ReadOnlySpan<byte> unit, List<ReadOnlyMemory<byte>> turns)
    {
        if (_length + unit.Length > _turn.Length)
            BreakLine(turns);
        unit.CopyTo(_turn.AsSpan(_length));
        _length += unit.Length;
    }

    private void BreakLine(List<ReadOnlyMemory<byte>> turns)
    {
        turns.Add((byte[])[.. _turn.AsSpan(0, _length), .. Continued]);
        _length = 0;
    }

    private void EndLine(List<ReadOnlyMemory<byte>> turns)
    {
        turns.Add(_length == 0 ? EmptyLine : _turn.AsSpan(0, _length).ToArray());
        _length = 0;
    }
}
