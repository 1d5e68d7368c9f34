using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TurnServer.Journal;

/// <summary>
/// A journal file being written: a head, a series of frames, and zeros to the end. The actor's thread appends; the
/// syncing thread reads how far, and marks how much is on the disk.
/// </summary>
internal sealed class Segment : IDisposable
{
    private readonly ISegmentFile _file;
    private readonly ulong _salt;

    // Written by the actor's thread, read by any.
    private int _written = SegmentHead.Bytes;

    // The syncing thread's: how much has been handed to the file.
    private int _handedOver = SegmentHead.Bytes;

    private Segment(ISegmentFile file, long number, int length, ulong salt)
    {
        _file = file;
        _salt = salt;
        Number = number;
        Length = length;
    }

    public long Number { get; }

    /// <summary>The file's length, in bytes.</summary>
    public int Length { get; }

    /// <summary>How many bytes of it are written. Any thread.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>The space left, in bytes. For the actor's thread.</summary>
    public int Free => Length - _written;

    /// <summary>The journal's length before this segment, in bytes. Set before the segment becomes current.</summary>
    public long Start { get; set; }

    /// <summary>Where to write the payload of the next frame. For the actor's thread.</summary>
    public Span<byte> NextPayload => _file.Bytes[(_written + Frame.HeaderBytes)..];

    /// <summary>Creates the file with its head, synced unless the policy is never to sync.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="number">The number in its name.</param>
    /// <param name="length">The file's length, in bytes.</param>
    /// <param name="sync">When replies to its records may leave.</param>
    public static Segment Create(IStateDirectory directory, long number, int length, StateSync sync)
    {
        var file = directory.Create(StateFileNames.Segment(number), length, isMapped: sync != StateSync.Always);
        return Begin(file, number, length, sync, directory.BootId);
    }

    /// <summary>Creates a segment without a file: its records are lost with the process.</summary>
    public static Segment CreateInMemory(long number, int length, StateSync sync) =>
        Begin(new MemoryFile(length), number, length, sync, Guid.Empty);

    /// <summary>Completes the frame whose payload has been written. For the actor's thread.</summary>
    public void Append(int payloadBytes)
    {
        var position = _written;
        Frame.Complete(_file.Bytes[position..], payloadBytes, _salt, position);
        Volatile.Write(ref _written, position + Frame.Size(payloadBytes));
    }

    /// <summary>Syncs what is written and marks how much. Returns that in bytes. For the syncing thread.</summary>
    public int Sync()
    {
        var written = Written;
        _file.Write(_handedOver, written);
        _handedOver = written;
        _file.Sync();
        SegmentHead.MarkSynced(_file.Bytes, written);
        _file.Write(SegmentHead.SyncedAt, SegmentHead.Bytes);
        return written;
    }

    public void Dispose() => _file.Dispose();

    private static Segment Begin(ISegmentFile file, long number, int length, StateSync sync, Guid bootId)
    {
        var salt = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        SegmentHead.Write(file.Bytes, new SegmentHead(number, salt, bootId, length, sync == StateSync.Always,
            SegmentHead.Bytes));
        try
        {
            file.Write(0, SegmentHead.Bytes);
            if (sync != StateSync.None)
                file.Sync();
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return new Segment(file, number, length, salt);
    }

    // Used while the directory is lost.
    private sealed class MemoryFile(int length) : ISegmentFile
    {
        private readonly byte[] _bytes = new byte[length];

        public Span<byte> Bytes => _bytes;

        public void Write(int start, int end)
        {
            // There is no file.
        }

        public void Sync()
        {
            // There is no disk.
        }

        public void Dispose()
        {
            // Nothing to release.
        }
    }
}

/// <summary>The head of a segment.</summary>
/// <param name="Number">The segment's number.</param>
/// <param name="Salt">The salt of its frames' checksums.</param>
/// <param name="BootId">The boot of the machine in which it was written.</param>
/// <param name="Length">The file's length, in bytes.</param>
/// <param name="RepliesWaitForSync">
/// Whether no reply confirms a record before it is synced; what is not synced may then be lost with the process, too.
/// </param>
/// <param name="SyncedBytes">
/// How many bytes of the file have been synced and must be there. Anything after them may be lost by power loss, in any
/// part.
/// </param>
internal readonly record struct SegmentHead(long Number, ulong Salt, Guid BootId, int Length, bool RepliesWaitForSync,
    long SyncedBytes)
{
    /// <summary>Its length. The frames follow.</summary>
    public const int Bytes = 64;

    /// <summary>The position of <see cref="SyncedBytes"/>, the last 8 bytes and the only ones that change.</summary>
    public const int SyncedAt = 56;

    // Magic 8, number 8, salt 8, boot 16, length 4, replies wait 1, unused 3, checksum 4, unused 4, synced 8.
    private const int NumberAt = 8;
    private const int SaltAt = 16;
    private const int BootIdAt = 24;
    private const int LengthAt = 40;
    private const int RepliesWaitAt = 44;
    private const int ChecksumAt = 48;

    // Ends with the version of the format.
    private static ReadOnlySpan<byte> Magic => "TURNJ002"u8;

    public static void Write(Span<byte> to, in SegmentHead head)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to[NumberAt..], head.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(to[SaltAt..], head.Salt);
        head.BootId.TryWriteBytes(to[BootIdAt..]);
        BinaryPrimitives.WriteInt32LittleEndian(to[LengthAt..], head.Length);
        to[RepliesWaitAt] = head.RepliesWaitForSync ? (byte)1 : (byte)0;
        MarkSynced(to, head.SyncedBytes);
        Magic.CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[ChecksumAt..], Checksum(to));
    }

    public static void MarkSynced(Span<byte> file, long bytes) =>
        Volatile.Write(ref MemoryMarshal.AsRef<long>(file[SyncedAt..]), bytes);

    /// <summary>Null when there is none or it is damaged.</summary>
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
            file[RepliesWaitAt] != 0,
            BinaryPrimitives.ReadInt64LittleEndian(file[SyncedAt..]));
    }

    /// <summary>Whether the file has another version of this format.</summary>
    public static bool IsOtherVersion(ReadOnlySpan<byte> file) =>
        file.StartsWith(Magic[..5]) && !file.StartsWith(Magic);

    private static uint Checksum(ReadOnlySpan<byte> file) => (uint)XxHash3.HashToUInt64(file[..ChecksumAt]);
}
