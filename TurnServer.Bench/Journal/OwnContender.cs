using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace TurnServer.Bench.Journal;

/// <summary>
/// Files of our own: segments of fixed length, made full of zeros and mapped into memory. A segment begins with a head
/// (magic, its number, how many records stand before it, a salt, a checksum of these; how far it is synced); behind it
/// stand records, each with four bytes of length and four of checksum in front; a length of all ones says that the next
/// segment goes on.
/// </summary>
internal sealed class OwnContender(string name, int segmentBytes) : IContender
{
    internal const int HeadBytes = 64;
    internal const int FrameBytes = 8;

    /// <summary>What a file's name ends with until all of it is there.</summary>
    internal const string NewSuffix = ".new";

    internal const uint GoesOn = uint.MaxValue;

    private const int NumberAt = 8;
    private const int BaseAt = 16;
    private const int SaltAt = 24;
    private const int ChecksumAt = 32;
    internal const int SyncedAt = 56;

    private static ReadOnlySpan<byte> Magic => "STANDIN1"u8;

    public string Name => name;

    public IRecordLog Open(string directory, SyncMode mode) =>
        new OwnLog(directory, segmentBytes, isSynced: mode == SyncMode.Always);

    public Reading ReadAll(string directory)
    {
        var records = new List<byte[]>();
        string? warning = null;
        var files = Directory.GetFiles(directory).Where(path => !path.EndsWith(NewSuffix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).ToList();
        for (var number = 0; number < files.Count; number++)
        {
            if (Path.GetFileName(files[number]) != FileName(number))
                throw new DamagedException($"{FileName(number)} is missing");
            var bytes = File.ReadAllBytes(files[number]);
            CheckHead(bytes, number, records.Count);
            var goesOn = ReadSegment(bytes, records, out warning);
            if (warning is not null && number + 1 < files.Count)
                throw new DamagedException($"segment {number}: {warning}, and others follow it");
            // Without the mark a process was killed between the two; then the next one's head says how many came before.
            if (goesOn && number + 1 == files.Count)
                throw new DamagedException($"{FileName(number + 1)} is missing");
        }

        return new Reading(records, warning);
    }

    public string TailFile(IEnumerable<string> names) => names.Max(StringComparer.Ordinal)!;

    internal static string FileName(int number) => number.ToString("D10", CultureInfo.InvariantCulture);

    internal static void WriteHead(Span<byte> bytes, int number, long recordsBefore, ulong salt)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[NumberAt..], number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[BaseAt..], recordsBefore);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[SaltAt..], salt);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[ChecksumAt..], XxHash3.HashToUInt64(bytes[..ChecksumAt]));
        BinaryPrimitives.WriteInt64LittleEndian(bytes[SyncedAt..], HeadBytes);
    }

    internal static uint Checksum(ReadOnlySpan<byte> payload, ulong salt, long position) =>
        (uint)XxHash3.HashToUInt64(payload, (long)(salt ^ (((ulong)position << 24) + (ulong)payload.Length)));

    private static void CheckHead(ReadOnlySpan<byte> bytes, int number, long recordsBefore)
    {
        if (bytes.Length < HeadBytes || !bytes.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[ChecksumAt..]) != XxHash3.HashToUInt64(bytes[..ChecksumAt])
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[NumberAt..]) != number
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[BaseAt..]) != recordsBefore)
        {
            throw new DamagedException($"the head of segment {number} is damaged");
        }
    }

    // Whether the next segment goes on. What is not whole is damage if it was synced, and was lost with the power if not.
    private bool ReadSegment(ReadOnlySpan<byte> bytes, List<byte[]> records, out string? warning)
    {
        var salt = BinaryPrimitives.ReadUInt64LittleEndian(bytes[SaltAt..]);
        var synced = BinaryPrimitives.ReadInt64LittleEndian(bytes[SyncedAt..]);
        var at = HeadBytes;
        warning = bytes.Length < segmentBytes ? "the file is too short" : null;
        while (bytes.Length - at >= FrameBytes)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
            var checksum = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + sizeof(int))..]);
            if (length == GoesOn && checksum == Checksum([], salt, at))
                return true;
            if (length == 0 || length > bytes.Length - at - FrameBytes)
                break;
            var payload = bytes.Slice(at + FrameBytes, (int)length);
            if (checksum != Checksum(payload, salt, at))
                break;
            records.Add(payload.ToArray());
            at += FrameBytes + (int)length;
        }

        if (at < synced)
            throw new DamagedException($"damaged at byte {at}, and was synced up to byte {synced}");
        if (bytes[at..].ContainsAnyExcept((byte)0))
            warning = $"what stands at byte {at} and behind it is not whole, and was cut off";
        return false;
    }
}
