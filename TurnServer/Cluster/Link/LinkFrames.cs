using System.Buffers.Binary;
using System.Text;

namespace TurnServer.Cluster.Link;

/// <summary>The kinds of frames, with the numbers of the wire.</summary>
internal enum LinkFrameType : byte
{
    /// <summary>Client to server, first: who is there, and its token.</summary>
    Hello = 1,

    /// <summary>Server to client: the token is right. No payload.</summary>
    Welcome = 2,

    /// <summary>Server to client, last: why it does not talk to this client.</summary>
    Refusal = 3,

    /// <summary>Either way: the sender is alive. No payload.</summary>
    Ping = 4,

    /// <summary>Client to server: <see cref="ForwardedRequest"/>.</summary>
    Request = 5,

    /// <summary>Server to client: <see cref="ForwardAnswer"/>.</summary>
    Answer = 6,
}

/// <summary>What bytes from the network begin with.</summary>
internal enum LinkFrameStatus : byte
{
    /// <summary>Part of a frame; more bytes have to come.</summary>
    Incomplete = 0,

    /// <summary>A whole frame.</summary>
    Complete = 1,

    /// <summary>Its length is impossible, or above the limit.</summary>
    Malformed = 2,
}

/// <summary>A frame in a read buffer.</summary>
/// <param name="Type">Any byte that the other side sent.</param>
/// <param name="Payload">Valid until more is received.</param>
internal readonly record struct LinkFrame(LinkFrameType Type, ReadOnlyMemory<byte> Payload);

/// <summary>What a client says first.</summary>
/// <param name="Version">Unless it is <see cref="LinkFrames.Version"/>, the other fields are unknown.</param>
/// <param name="Token">The token in UTF-8.</param>
/// <param name="Id">The client's name, for logs.</param>
internal readonly record struct LinkHello(byte Version, byte[] Token, string Id);

/// <summary>
/// Frames on a link: the length of the rest in four bytes, little-endian, the type in one, and the payload. All methods
/// are pure. Those that read never throw, whatever the bytes are.
/// </summary>
internal static class LinkFrames
{
    /// <summary>
    /// The version of this protocol. A change of any frame, or a new value of an enumeration in one, needs a new one.
    /// </summary>
    public const byte Version = 1;

    /// <summary>The bytes before the payload.</summary>
    public const int HeaderBytes = sizeof(int) + 1;

    // "TURNLINK": no other protocol begins like that.
    private const long Magic = 0x4B4E494C4E525554;

    /// <summary>Writes the header into the first bytes of a frame and returns the rest, for the payload.</summary>
    public static Span<byte> Begin(Span<byte> frame, LinkFrameType type)
    {
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - sizeof(int));
        frame[sizeof(int)] = (byte)type;
        return frame[HeaderBytes..];
    }

    /// <summary>Finds the frame that some received bytes begin with.</summary>
    /// <param name="bytes">What was received.</param>
    /// <param name="payloadBytesMax">The longest payload allowed.</param>
    /// <param name="type">Any value, known or not; meaningless unless the frame is complete.</param>
    /// <param name="payloadLength">The payload's length; meaningful as soon as the first four bytes are there.</param>
    public static LinkFrameStatus Find(ReadOnlySpan<byte> bytes, int payloadBytesMax, out LinkFrameType type,
        out int payloadLength)
    {
        type = default;
        payloadLength = 0;
        if (bytes.Length < sizeof(int))
            return LinkFrameStatus.Incomplete;
        // Unsigned, so that a negative length is above every limit.
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length == 0 || length > (uint)payloadBytesMax + 1)
        {
            payloadLength = (int)Math.Min(length, int.MaxValue);
            return LinkFrameStatus.Malformed;
        }

        payloadLength = (int)length - 1;
        if (bytes.Length < sizeof(int) + (int)length)
            return LinkFrameStatus.Incomplete;
        type = (LinkFrameType)bytes[sizeof(int)];
        return LinkFrameStatus.Complete;
    }

    /// <summary>The first frame of a client, whole.</summary>
    /// <exception cref="ArgumentException">
    /// The token or the id has more than <see cref="LinkLimits.HandshakeTextBytesMax"/> bytes.
    /// </exception>
    public static byte[] Hello(string token, string id, byte version = Version)
    {
        var lengths = (Token: Encoding.UTF8.GetByteCount(token), Id: Encoding.UTF8.GetByteCount(id));
        if (Math.Max(lengths.Token, lengths.Id) > LinkLimits.HandshakeTextBytesMax)
            throw new ArgumentException("The token or the id is too long.");
        var frame = new byte[HeaderBytes + sizeof(long) + 1 + 2 * sizeof(int) + lengths.Token + lengths.Id];
        var fields = new LinkFieldWriter(Begin(frame, LinkFrameType.Hello));
        fields.Long(Magic);
        fields.Byte(version);
        fields.Text(token);
        fields.Text(id);
        return frame;
    }

    /// <summary>Reads the payload of a client's first frame. False if it is none.</summary>
    public static bool TryReadHello(ReadOnlySpan<byte> payload, out LinkHello hello)
    {
        var fields = new LinkFieldReader(payload);
        var isMagic = fields.Long() == Magic;
        hello = new LinkHello(fields.Byte(), [], "");
        if (!isMagic || !fields.IsValid)
            return false;
        if (hello.Version != Version)
            return true;
        hello = hello with { Token = fields.TextBytes().ToArray(), Id = fields.Text() };
        return fields.IsComplete;
    }

    /// <summary>The frame that admits a client.</summary>
    public static byte[] Welcome()
    {
        var frame = new byte[HeaderBytes];
        Begin(frame, LinkFrameType.Welcome);
        return frame;
    }

    /// <summary>The frame that turns a client away; the reason is a clause.</summary>
    public static byte[] Refusal(string reason)
    {
        var frame = new byte[HeaderBytes + Encoding.UTF8.GetByteCount(reason)];
        Encoding.UTF8.GetBytes(reason, Begin(frame, LinkFrameType.Refusal));
        return frame;
    }
}
