using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// A whole table in one file: a head, then a frame each for its settings, its parts, and the number of parts.
/// </summary>
internal sealed record Snapshot
{
    // Magic 8, number 8, salt 8, final 1, unused 3, checksum 4.
    private const int HeadBytes = 32;
    private const int NumberAt = 8;
    private const int SaltAt = 16;
    private const int FinalAt = 24;
    private const int ChecksumAt = 28;

    // No part of the table has these kinds.
    private const byte SettingsPart = 0;
    private const byte EndPart = 0xFF;

    private static ReadOnlySpan<byte> Magic => "TURNS003"u8;

    // Still readable: their players and games have parts of other kinds.
    private static ReadOnlySpan<byte> Magic1 => "TURNS001"u8;

    private static ReadOnlySpan<byte> Magic2 => "TURNS002"u8;

    // Another one, so that a server which knows no shards says that it does not know the format.
    private static ReadOnlySpan<byte> MagicOfShards => "TURNS004"u8;

    public required Table Table { get; init; }

    /// <summary>The table's key source.</summary>
    public required RecordedKeys Keys { get; init; }

    public required StateSettings Settings { get; init; }

    /// <summary>Whether it was written as the server stopped, so that no journal follows.</summary>
    public required bool IsFinal { get; init; }

    /// <summary>Writes one.</summary>
    public static void Write(Stream to, long number, bool isFinal, StateSettings settings, Table table)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        var salt = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        (table.Role == ShardRole.Whole ? Magic : MagicOfShards).CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head[NumberAt..], number);
        BinaryPrimitives.WriteUInt64LittleEndian(head[SaltAt..], salt);
        head[FinalAt] = isFinal ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32LittleEndian(head[ChecksumAt..], Checksum(head));
        to.Write(head);

        var frames = new FrameStream(to, salt, HeadBytes);
        var writer = new FieldWriter();
        writer.Byte(SettingsPart);
        settings.Write(writer);
        frames.Write(writer.Written);
        var parts = 0L;
        table.WriteSnapshot(part =>
        {
            frames.Write(part);
            parts++;
        });
        writer.Clear();
        writer.Byte(EndPart);
        writer.Number(parts);
        frames.Write(writer.Written);
    }

    /// <summary>Reads one. The table has the settings that it was recorded under.</summary>
    /// <param name="from">What <see cref="Write"/> wrote.</param>
    /// <param name="number">The number that it must have.</param>
    /// <param name="role">Which part of everything the table holds.</param>
    /// <exception cref="CorruptStateException">It is damaged.</exception>
    /// <exception cref="OtherFormatException">
    /// Another version of this server wrote it, or it is of the other kind of cluster.
    /// </exception>
    public static Snapshot Read(Stream from, long number, ShardRole role = default)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        if (from.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false) < HeadBytes
            || !IsKnown(head, role)
            || BinaryPrimitives.ReadUInt32LittleEndian(head[ChecksumAt..]) != Checksum(head)
            || BinaryPrimitives.ReadInt64LittleEndian(head[NumberAt..]) != number)
        {
            if (head.StartsWith(Magic[..5]) && !IsKnown(head, role))
                throw new OtherFormatException(Describe(head));
            throw new CorruptStateException("invalid head");
        }

        var frames = new FrameStream(from, BinaryPrimitives.ReadUInt64LittleEndian(head[SaltAt..]), HeadBytes);
        var settings = ReadSettings(frames.Read());
        var keys = new RecordedKeys();
        return new Snapshot
        {
            Table = ReadTable(frames, new TableSnapshotReader(settings.Rules, keys, role)),
            Keys = keys,
            Settings = settings,
            IsFinal = head[FinalAt] != 0,
        };
    }

    private static bool IsKnown(ReadOnlySpan<byte> head, ShardRole role) => role == ShardRole.Whole
        ? head.StartsWith(Magic) || head.StartsWith(Magic2) || head.StartsWith(Magic1)
        : head.StartsWith(MagicOfShards);

    private static string Describe(ReadOnlySpan<byte> head) =>
        head.StartsWith(MagicOfShards) ? "a snapshot of a cluster with several shards"
        : IsKnown(head, ShardRole.Whole) ? "a snapshot of one table for everything"
        : "a snapshot of a format that this server does not know";

    private static StateSettings ReadSettings(ReadOnlySpan<byte> part)
    {
        var reader = new FieldReader(part);
        if (reader.Byte() != SettingsPart)
            throw new CorruptStateException("missing settings");
        var settings = StateSettings.Read(ref reader);
        reader.End();
        return settings;
    }

    private static Table ReadTable(FrameStream frames, TableSnapshotReader reader)
    {
        for (var parts = 0L; ; parts++)
        {
            var part = frames.Read();
            if (part[0] != EndPart)
            {
                reader.Read(part);
                continue;
            }

            var end = new FieldReader(part[1..]);
            if (end.Long() != parts)
                throw new CorruptStateException("missing parts");
            return reader.Finish();
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> head) => (uint)XxHash3.HashToUInt64(head[..ChecksumAt]);
}

/// <summary>
/// A file has another version of the format, or another kind of content. The message says which, as the end of a
/// sentence.
/// </summary>
internal sealed class OtherFormatException(string message) : Exception(message);

/// <summary>Reads or writes a stream of frames sequentially.</summary>
internal sealed class FrameStream(Stream stream, ulong salt, long position)
{
    private byte[] _buffer = new byte[4096];

    public void Write(ReadOnlySpan<byte> payload)
    {
        var bytes = Frame.Size(payload.Length);
        var frame = Buffer(bytes);
        frame.Clear();
        payload.CopyTo(frame[Frame.HeaderBytes..]);
        Frame.Complete(frame, payload.Length, salt, position);
        stream.Write(frame);
        position += bytes;
    }

    /// <summary>Reads the next payload, which is valid until the next call.</summary>
    /// <exception cref="CorruptStateException">There is none, or it is damaged.</exception>
    public ReadOnlySpan<byte> Read()
    {
        Span<byte> header = stackalloc byte[Frame.HeaderBytes];
        if (stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
            throw new CorruptStateException($"it ends early, at byte {position}");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (length is > 0 and <= Frame.PayloadBytesMax)
        {
            var frame = Buffer(Frame.Size((int)length));
            header.CopyTo(frame);
            var rest = frame[header.Length..];
            if (stream.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false) == rest.Length
                && Frame.Read(frame, salt, position, out var payload) == FrameKind.Good)
            {
                position += frame.Length;
                return payload;
            }
        }

        throw new CorruptStateException($"damaged data at byte {position}");
    }

    private Span<byte> Buffer(int bytes)
    {
        if (_buffer.Length < bytes)
            _buffer = new byte[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)bytes)];
        return _buffer.AsSpan(0, bytes);
    }
}
