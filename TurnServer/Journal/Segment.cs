using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TurnServer.Journal;

/// <summary>
/// One file of the journal while it is written: a head, frames one behind the other, and bytes 0 up to its end. The
/// actor's thread appends; the thread that syncs reads how far, and marks how much of it is on the disk.
/// </summary>
internal sealed class Segment : IDisposable
{
    private readonly ISegmentFile _file;
    private readonly ulong _salt;
    private int _written = SegmentHead.Bytes;
    private int _pushed = SegmentHead.Bytes;

    private Segment(ISegmentFile file, long number, int length, ulong salt)
    {
        _file = file;
        _salt = salt;
        Number = number;
        Length = length;
    }

    public long Number { get; }

    /// <summary>Bytes in all.</summary>
    public int Length { get; }

    /// <summary>How many bytes of it are written.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>The room that is left, in bytes.</summary>
    public int Free => Length - _written;

    /// <summary>How many bytes of all the journal stood before this segment when it was begun.</summary>
    public long Base { get; set; }

    /// <summary>Makes the file, with its head on the disk unless nothing is synced.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="number">What stands in its name.</param>
    /// <param name="length">Bytes in all.</param>
    /// <param name="sync">When replies leave to what is recorded in it.</param>
    public static Segment Create(IStateDirectory directory, long number, int length, StateSync sync)
    {
        var file = directory.Create(StateFileNames.Segment(number), length, isMapped: sync != StateSync.Always);
        return Begin(file, number, length, sync, directory.BootId);
    }

    /// <summary>The same without a file: what is recorded in it is lost with the process.</summary>
    public static Segment CreateInMemory(long number, int length, StateSync sync) =>
        Begin(new MemoryFile(length), number, length, sync, Guid.Empty);

    private static Segment Begin(ISegmentFile file, long number, int length, StateSync sync, Guid bootId)
    {
        var salt = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        SegmentHead.Write(file.Bytes, new SegmentHead(number, salt, bootId, length, sync == StateSync.Always,
            SegmentHead.Bytes));
        try
        {
            file.Push(0, SegmentHead.Bytes);
            if (sync != StateSync.None)
                file.Flush();
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return new Segment(file, number, length, salt);
    }

    /// <summary>Where the payload of the next frame is to be written.</summary>
    public Span<byte> NextPayload => _file.Bytes[(_written + Frame.HeaderBytes)..];

    /// <summary>Completes the frame whose payload has been written there. Returns how many bytes it takes.</summary>
    public int Append(int payloadBytes)
    {
        var position = _written;
        Frame.Complete(_file.Bytes[position..], payloadBytes, _salt, position);
        var bytes = Frame.Size(payloadBytes);
        Volatile.Write(ref _written, position + bytes);
        return bytes;
    }

    /// <summary>
    /// Brings to the disk what is written, and marks so. Returns how many bytes that is. For one thread.
    /// </summary>
    public int Sync()
    {
        var written = Written;
        _file.Push(_pushed, written);
        _pushed = written;
        _file.Flush();
        SegmentHead.MarkSynced(_file.Bytes, written);
        _file.Push(SegmentHead.SyncedAt, SegmentHead.Bytes);
        return written;
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>What stands at the front of a segment.</summary>
/// <param name="Number">The segment's.</param>
/// <param name="Salt">That of its frames' checksums.</param>
/// <param name="BootId">Which start of the machine it was written in.</param>
/// <param name="Length">Of the whole file, in bytes.</param>
/// <param name="RepliesWaitForSync">
/// Whether nobody has been told of what has not been on the disk; it may then be lost with the process, too.
/// </param>
/// <param name="SyncedBytes">
/// Of the whole file so much has been on the disk: it must be there, whatever happened. What lies behind it may be
/// lost with the machine's power, any part of it.
/// </param>
internal readonly record struct SegmentHead(long Number, ulong Salt, Guid BootId, int Length, bool RepliesWaitForSync,
    long SyncedBytes)
{
    /// <summary>Its size. The frames begin behind it.</summary>
    public const int Bytes = 64;

    /// <summary>Where it says how much is synced: the last 8 bytes, which alone change.</summary>
    public const int SyncedAt = 56;

    // Magic 8, number 8, salt 8, boot 16, length 4, synced first 1, none 3, checksum 4, none 4, synced 8.
    private const int NumberAt = 8;
    private const int SaltAt = 16;
    private const int BootIdAt = 24;
    private const int LengthAt = 40;
    private const int SyncedFirstAt = 44;
    private const int ChecksumAt = 48;

    // The version is part of it.
    private static ReadOnlySpan<byte> Magic => "TURNJ002"u8;

    public static void Write(Span<byte> to, in SegmentHead head)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to[NumberAt..], head.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(to[SaltAt..], head.Salt);
        head.BootId.TryWriteBytes(to[BootIdAt..]);
        BinaryPrimitives.WriteInt32LittleEndian(to[LengthAt..], head.Length);
        to[SyncedFirstAt] = head.RepliesWaitForSync ? (byte)1 : (byte)0;
        MarkSynced(to, head.SyncedBytes);
        Magic.CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[ChecksumAt..], Checksum(to));
    }

    public static void MarkSynced(Span<byte> file, long bytes) =>
        Volatile.Write(ref MemoryMarshal.AsRef<long>(file[SyncedAt..]), bytes);

    /// <summary>Null when it is none, or damaged.</summary>
    public static SegmentHead? Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < Bytes || !file.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(file[ChecksumAt..]) != Checksum(file))
        {
            return null;
        }

        return new SegmentHead(BinaryPrimitives.ReadInt64LittleEndian(file[NumberAt..]),
            BinaryPrimitives.ReadUInt64LittleEndian(file[SaltAt..]),
            new Guid(file[BootIdAt..LengthAt]),
            BinaryPrimitives.ReadInt32LittleEndian(file[LengthAt..]),
            file[SyncedFirstAt] != 0,
            BinaryPrimitives.ReadInt64LittleEndian(file[SyncedAt..]));
    }

    /// <summary>Whether a file is of another version of this format.</summary>
    public static bool IsOtherVersion(ReadOnlySpan<byte> file) =>
        file.StartsWith(Magic[..5]) && !file.StartsWith(Magic);

    private static uint Checksum(ReadOnlySpan<byte> file) =>
        (uint)System.IO.Hashing.XxHash3.HashToUInt64(file[..ChecksumAt]);
}
