using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TurnServer.Journal;

/// <summary>What was found at a position where a frame may begin.</summary>
internal enum FrameKind
{
    /// <summary>A complete frame with the right checksum.</summary>
    Good,

    /// <summary>Nothing: the file ends, or no frame was completed here.</summary>
    None,

    /// <summary>Bytes that are not a frame.</summary>
    Bad,
}

/// <summary>
/// A record in a state file: a length of 4 bytes, a checksum of 4, the payload, and zero padding to 8 bytes. The
/// checksum is salted with a random number of the file and the position in it, so that neither data sent by a player
/// nor a frame of another file or position passes for one.
/// </summary>
internal static class Frame
{
    public const int HeaderBytes = 8;

    // Aligned, so that the length is stored atomically.
    private const int Alignment = 8;

    /// <summary>
    /// The longest payload: a game with two full backlogs of 131 072 bytes, and a few hundred bytes more.
    /// </summary>
    public const int PayloadBytesMax = 320 * 1024;

    /// <summary>The length of a frame with a payload of this length.</summary>
    public static int Size(int payloadBytes) => (HeaderBytes + payloadBytes + Alignment - 1) & -Alignment;

    /// <summary>
    /// Completes a frame whose payload is already in place. The length is stored last: a process killed earlier leaves
    /// no frame.
    /// </summary>
    public static void Complete(Span<byte> frame, int payloadBytes, ulong salt, long position)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame[sizeof(int)..],
            Checksum(frame.Slice(HeaderBytes, payloadBytes), salt, position));
        Volatile.Write(ref MemoryMarshal.AsRef<int>(frame), payloadBytes);
    }

    /// <summary>Reads the frame at the start of the bytes.</summary>
    /// <param name="from">The rest of the file.</param>
    /// <param name="salt">The file's salt.</param>
    /// <param name="position">The position of these bytes in the file.</param>
    /// <param name="payload">The payload of a good frame.</param>
    public static FrameKind Read(ReadOnlySpan<byte> from, ulong salt, long position, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (from.Length < HeaderBytes)
            return from.IndexOfAnyExcept((byte)0) < 0 ? FrameKind.None : FrameKind.Bad;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(from);
        if (length == 0)
            return FrameKind.None;
        if (length > PayloadBytesMax || length > from.Length - HeaderBytes)
            return FrameKind.Bad;
        payload = from.Slice(HeaderBytes, (int)length);
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(from[sizeof(int)..]);
        return checksum == Checksum(payload, salt, position) ? FrameKind.Good : FrameKind.Bad;
    }

    // The lower half of XXH3: one damaged frame in 2^32 passes.
    private static uint Checksum(ReadOnlySpan<byte> payload, ulong salt, long position)
    {
        var seed = salt ^ (((ulong)position << 24) + (ulong)payload.Length);
        return (uint)XxHash3.HashToUInt64(payload, (long)seed);
    }
}
