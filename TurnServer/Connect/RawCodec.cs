using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>
/// Bytes as turns, with a checksum at the end. A turn is one of
/// <code>
/// \!raw 1             the first turn of each side
/// dBASE64             data
/// e LENGTH SHA256     end of data, with its length and hash
/// a                   all data has arrived
/// x REASON            it has not
/// </code>
/// </summary>
internal sealed class RawCodec : ITransferCodec
{
    /// <summary>The most data in one turn, in bytes: as much Base64 as fits after the letter.</summary>
    public const int DataBytesMax = (TurnGame.TurnBytesMax - 1) / 4 * 3;

    private const byte Data = (byte)'d';
    private const string Invalid = "sent an invalid --raw turn";

    private static readonly byte[] Greeting = [.. @"\!raw 1"u8];
    private static readonly byte[] AllArrived = [.. "a"u8];

    private readonly Checksum _out = new();
    private readonly Checksum _in = new();

    private bool _isGreeted;
    private bool _hasPartnerEnded;
    private volatile bool _hasEnded;

    /// <summary>The beginning of the greeting, in any version.</summary>
    public static ReadOnlySpan<byte> AnyGreeting => @"\!raw "u8;

    public int InputBytesMax => DataBytesMax;

    public void Begin(List<ReadOnlyMemory<byte>> turns) => turns.Add(Greeting);

    public void Encode(ReadOnlySpan<byte> input, List<ReadOnlyMemory<byte>> turns)
    {
        _out.Add(input);
        for (; !input.IsEmpty; input = input[Math.Min(input.Length, DataBytesMax)..])
        {
            var part = input[..Math.Min(input.Length, DataBytesMax)];
            var turn = new byte[1 + Base64.GetMaxEncodedToUtf8Length(part.Length)];
            turn[0] = Data;
            Base64.EncodeToUtf8(part, turn.AsSpan(1), out _, out _);
            turns.Add(turn);
        }
    }

    public void Finish(List<ReadOnlyMemory<byte>> turns)
    {
        _hasEnded = true;
        turns.Add(Encoding.ASCII.GetBytes(_out.ToString()));
    }

    public ReceivedTurn Decode(ReadOnlySpan<byte> turn, ArrayBufferWriter<byte> output)
    {
        if (!_isGreeted)
            return Greet(turn);
        return turn switch
        {
            [Data, .. var base64] when !_hasPartnerEnded => Take(base64, output),
            [(byte)'e', (byte)' ', ..] when !_hasPartnerEnded => Compare(Encoding.UTF8.GetString(turn)),
            [(byte)'a'] when _hasEnded => new ReceivedTurn(ReceivedKind.AllArrived),
            [(byte)'x', (byte)' ', .. var reason] => Fault($"says that it {Encoding.UTF8.GetString(reason)}"),
            _ => Fault(Invalid),
        };
    }

    private static ReceivedTurn Fault(string fault) => new(ReceivedKind.Fault, default, fault);

    private ReceivedTurn Greet(ReadOnlySpan<byte> turn)
    {
        if (turn.SequenceEqual(Greeting))
        {
            _isGreeted = true;
            return new ReceivedTurn(ReceivedKind.Data);
        }

        return Fault(turn.StartsWith(AnyGreeting)
            ? "speaks another version of --raw: use the same turnserver on both sides"
            : "does not use --raw: start both sides with it, or neither");
    }

    private ReceivedTurn Take(ReadOnlySpan<byte> base64, ArrayBufferWriter<byte> output)
    {
        var data = output.GetSpan(Base64.GetMaxDecodedFromUtf8Length(base64.Length));
        if (Base64.DecodeFromUtf8(base64, data, out _, out var length) != OperationStatus.Done)
            return Fault(Invalid);
        _in.Add(data[..length]);
        output.Advance(length);
        return new ReceivedTurn(ReceivedKind.Data);
    }

    private ReceivedTurn Compare(string theirs)
    {
        _hasPartnerEnded = true;
        var ours = _in.ToString();
        if (theirs == ours)
            return new ReceivedTurn(ReceivedKind.End, AllArrived);
        return new ReceivedTurn(ReceivedKind.Fault, Encoding.UTF8.GetBytes($"x received {ours[2..]}"),
            $"sent {theirs[2..]} (bytes and their SHA-256), and {ours[2..]} arrived");
    }

    // Length and hash of the data in one direction.
    private sealed class Checksum
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _bytes;

        public void Add(ReadOnlySpan<byte> data)
        {
            _hash.AppendData(data);
            _bytes += data.Length;
        }

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"e {_bytes} {Convert.ToHexString(_hash.GetCurrentHash())}");
    }
}
