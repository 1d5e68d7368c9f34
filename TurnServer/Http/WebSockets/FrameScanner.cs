namespace TurnServer.Http.WebSockets;

/// <summary>
/// Follows the frames in the bytes that a client sends (RFC 6455, 5.2), without their payload. What is wrong with a
/// frame is left to .NET's WebSocket, except for a missing mask.
/// </summary>
internal struct FrameScanner
{
    /// <summary>A fragment of fewer bytes counts as small: it costs about as much as a ping.</summary>
    public const int SmallBytes = 512;

    private const int MaskBytes = 4;
    private const int ShortestLength = 2;
    private const byte FinalBit = 0x80;
    private const byte ControlBit = 0x08;
    private const byte MaskBit = 0x80;
    private const byte LengthBits = 0x7F;
    private const byte TwoBytesFollow = 126;
    private const byte EightBytesFollow = 127;

    private byte _first;
    private int _headBytes;
    private int _headLength;
    private ulong _left;

    /// <summary>How many frames have begun.</summary>
    public long Frames { get; private set; }

    /// <summary>
    /// How many of them were control frames, or small fragments other than the last one of a message: those of which
    /// nobody but .NET's WebSocket learns.
    /// </summary>
    public long SmallFrames { get; private set; }

    /// <summary>Whether a frame has come without a mask. What follows it is not read.</summary>
    public bool HasUnmasked { get; private set; }

    /// <summary>Whether a frame has begun and is not complete.</summary>
    public readonly bool IsWithinFrame => _headBytes > 0;

    /// <summary>Reads what comes next.</summary>
    public void Scan(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !HasUnmasked)
        {
            if (_headBytes == 0 || _headBytes < _headLength)
            {
                TakeHeadByte(bytes[0]);
                bytes = bytes[1..];
            }
            else
            {
                var count = (int)Math.Min((ulong)bytes.Length, _left);
                _left -= (ulong)count;
                bytes = bytes[count..];
            }

            if (_headBytes == _headLength && _left == 0)
                _headBytes = 0;
        }
    }

    private void TakeHeadByte(byte value)
    {
        switch (_headBytes++)
        {
            case 0:
                Frames++;
                _first = value;
                _headLength = ShortestLength;
                return;
            case 1:
                TakeLength((byte)(value & LengthBits));
                HasUnmasked = (value & MaskBit) == 0;
                break;
            case var position when position < _headLength - MaskBytes:
                _left = (_left << 8) | value;
                break;
            default:
                break;
        }

        var isControl = (_first & ControlBit) != 0;
        var isSmallFragment = (_first & FinalBit) == 0 && _left < SmallBytes;
        if (_headBytes == _headLength && (isControl || isSmallFragment))
            SmallFrames++;
    }

    private void TakeLength(byte length)
    {
        var following = length switch { TwoBytesFollow => sizeof(ushort), EightBytesFollow => sizeof(ulong), _ => 0 };
        _headLength = ShortestLength + following + MaskBytes;
        _left = following == 0 ? length : 0UL;
    }
}
