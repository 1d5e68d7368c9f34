using System.Buffers.Binary;

namespace TurnServer.Bench.Journal;

/// <summary>
/// Records numbered from 0 whose content is derived from the number, so that a missing or altered one is detected.
/// </summary>
internal static class RecordSeries
{
    // Like the server's: most short, a few longer, some as long as a body may be.
    private const int ShortBytes = 20;
    private const int TypicalBytes = 80;
    private const int LongBytes = 2000;
    private const int LongestBytes = 16_896;
    private const int LongEvery = 100;
    private const int LongestEvery = 1000;

    /// <summary>The longest record, in bytes.</summary>
    public const int BytesMax = LongestBytes;

    /// <summary>Writes a record and returns it.</summary>
    public static ReadOnlySpan<byte> Write(int number, Span<byte> to)
    {
        var state = (ulong)number * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03;
        var max = number % LongestEvery == LongestEvery - 1 ? LongestBytes
            : number % LongEvery == LongEvery - 1 ? LongBytes : TypicalBytes;
        var record = to[..(ShortBytes + (int)(Next(ref state) % (ulong)(max - ShortBytes + 1)))];
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        for (var rest = record; !rest.IsEmpty; rest = rest[Math.Min(rest.Length, sizeof(ulong))..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next(ref state));
            bytes[..Math.Min(rest.Length, bytes.Length)].CopyTo(rest);
        }

        BinaryPrimitives.WriteInt32LittleEndian(record, number);
        return record;
    }

    /// <summary>The number stored in a record; -1 when it is too short.</summary>
    public static int NumberOf(ReadOnlySpan<byte> record) =>
        record.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(record);

    // SplitMix64.
    private static ulong Next(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
