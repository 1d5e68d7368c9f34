using System.Buffers;
using System.Buffers.Text;
using System.Text;
using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>
/// Text as turns: a line is a turn, and reads as such to any client. What a turn cannot hold is escaped (Client/README.md,
/// "Passing data"): bytes come out as they went in, whatever they are.
/// </summary>
/// <param name="turnBytesMax">The longest turn, in bytes.</param>
internal sealed class TextCodec(int turnBytesMax = TurnGame.TurnBytesMax) : ITransferCodec
{
    /// <summary>The fewest bytes of a turn: the longest escape, and the one that says that the line goes on.</summary>
    public const int TurnBytesMin = 6;

    private const byte Escape = (byte)'\\';
    private const byte Ascii = 0x80;

    private static readonly byte[] EmptyLine = [.. @"\e"u8];
    private static readonly byte[] LineGoesOn = [.. @"\c"u8];
    private static readonly byte[] NoMore = [.. @"\."u8];
    private static readonly byte[] AllArrived = [.. @"\!all"u8];

    // What tells a partner with --raw that this side is none: anything but its greeting would do.
    private static readonly byte[] IsText = [.. @"\!text"u8];

    // A cut leaves room for the escape that says so.
    private readonly byte[] _turn = new byte[turnBytesMax - LineGoesOn.Length];
    private int _length;

    // The beginning of a character whose end has not been read.
    private byte[] _begun = [];
    private bool _isFirst = true;
    private volatile bool _hasEnded;

    public int InputBytesMax => TurnGame.TurnBytesMax;

    public void Begin(List<ReadOnlyMemory<byte>> turns)
    {
        // Whoever reads turns may be any client: they begin with the first line.
    }

    public void Encode(ReadOnlySpan<byte> input, List<ReadOnlyMemory<byte>> turns)
    {
        var text = _begun.Length == 0 ? input : [.. _begun, .. input];
        _begun = [];
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
                        _begun = text.ToArray();
                        return;
                    }

                    break;
            }

            text = text[length..];
        }
    }

    public void Finish(List<ReadOnlyMemory<byte>> turns)
    {
        AppendHex(_begun, turns);
        _begun = [];
        if (_length > 0)
            Cut(turns);
        _hasEnded = true;
        turns.Add(NoMore);
    }

    public ReceivedTurn Decode(ReadOnlySpan<byte> turn, ArrayBufferWriter<byte> output)
    {
        var isFirst = _isFirst;
        _isFirst = false;
        if (isFirst && turn.StartsWith(RawCodec.AnyGreeting))
            return new ReceivedTurn(ReceivedKind.Fault, IsText, "uses --raw: start this side with --raw too");
        if (turn.SequenceEqual(NoMore))
            return new ReceivedTurn(ReceivedKind.End, AllArrived);
        if (_hasEnded && turn.SequenceEqual(AllArrived))
            return new ReceivedTurn(ReceivedKind.AllArrived);
        DecodeLine(turn.SequenceEqual(EmptyLine) ? default : turn, output);
        return new ReceivedTurn(ReceivedKind.Data);
    }

    // Lenient: other clients do not escape, and mean a backslash when they send one.
    private static void DecodeLine(ReadOnlySpan<byte> turn, ArrayBufferWriter<byte> output)
    {
        for (int plain; (plain = turn.IndexOf(Escape)) >= 0;)
        {
            output.Write(turn[..plain]);
            turn = turn[plain..];
            if (turn.SequenceEqual(LineGoesOn))
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

    // A character of more than one byte, or bytes that are none; false when more must be read to know.
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

    // What goes together: a character, or an escape.
    private void Append(ReadOnlySpan<byte> whole, List<ReadOnlyMemory<byte>> turns)
    {
        if (_length + whole.Length > _turn.Length)
            Cut(turns);
        whole.CopyTo(_turn.AsSpan(_length));
        _length += whole.Length;
    }

    private void Cut(List<ReadOnlyMemory<byte>> turns)
    {
        turns.Add((byte[])[.. _turn.AsSpan(0, _length), .. LineGoesOn]);
        _length = 0;
    }

    private void EndLine(List<ReadOnlyMemory<byte>> turns)
    {
        turns.Add(_length == 0 ? EmptyLine : _turn.AsSpan(0, _length).ToArray());
        _length = 0;
    }
}
