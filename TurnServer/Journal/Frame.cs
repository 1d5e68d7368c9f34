using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TurnServer.Journal;

/// <summary>What stands at a place where a frame may begin.</summary>
internal enum FrameKind
{
    /// <summary>A frame, whole and as it was written.</summary>
    Good,

    /// <summary>Nothing: the file ends, or no frame has been completed here.</summary>
    None,

    /// <summary>Something that is no frame.</summary>
    Bad,
}

/// <summary>
/// A record in a state file: four bytes of length, four of checksum, the payload, and up to seven bytes 0. The
/// checksum is salted with a number of the file's own and the place in it, so that nothing which a player has sent,
/// and nothing of another file or place, is taken for a frame.
/// </summary>
internal static class Frame
{
    public const int HeaderBytes = 8;

    // The length is written in one piece, and so stands where a processor can do that.
    private const int Alignment = 8;

    /// <summary>
    /// The longest payload: a game with two full backlogs, 131 072 bytes each, and some hundred bytes beside them.
    /// </summary>
    public const int PayloadBytesMax = 320 * 1024;

    /// <summary>How many bytes a frame with so long a payload takes.</summary>
    public static int Size(int payloadBytes) => (HeaderBytes + payloadBytes + Alignment - 1) & -Alignment;

    /// <summary>
    /// Completes a frame whose payload stands in its place. The length comes last: a process that is killed before has
    /// written none.
    /// </summary>
    public static void Complete(Span<byte> frame, int payloadBytes, ulong salt, long position)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame[sizeof(int)..],
            Checksum(frame.Slice(HeaderBytes, payloadBytes), salt, position));
        Volatile.Write(ref MemoryMarshal.AsRef<int>(frame), payloadBytes);
    }

    /// <summary>Looks at what stands at the front.</summary>
    /// <param name="from">The rest of the file.</param>
    /// <param name="salt">The file's.</param>
    /// <param name="position">Where in the file that is.</param>
    /// <param name="payload">Of a good frame.</param>
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

    // XXH3, of which half is kept: one damaged frame in four thousand million would be taken for whole.
    private static uint Checksum(ReadOnlySpan<byte> payload, ulong salt, long position)
    {
        var seed = salt ^ (((ulong)position << 24) + (ulong)payload.Length);
        return (uint)XxHash3.HashToUInt64(payload, (long)seed);
    }
}
