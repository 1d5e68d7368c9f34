using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Serializes the table's inputs: the kind, the time since the previous record, the request's headers, the keys drawn,
/// and the body as the client sent it. <see cref="Replay"/> reads them.
/// </summary>
internal sealed class RecordWriter
{
    /// <summary>An upper bound of a record's length without its body.</summary>
    public const int BytesBesideBody = 128;

    /// <summary>Flags in the upper half of the first byte.</summary>
    public const byte HasWait = 0x10;
    public const byte HasReceived = 0x20;
    public const byte KindMask = 0x0F;

    private readonly FieldWriter _writer = new();
    private TimeSpan _last;

    /// <summary>Makes the next record independent of those before it, for a batch of the shard log.</summary>
    public void BeginBatch() => _last = TimeSpan.Zero;

    /// <summary>Writes a request. Returns its length in bytes, as all methods do.</summary>
    public int Write(in Arrival arrival, ReadOnlySpan<ulong> keys, TimeSpan now, Span<byte> to)
    {
        var request = arrival.Request;
        var hasWait = arrival.Wait > TimeSpan.Zero;
        var flags = (hasWait ? HasWait : 0) | (request.ReceivedBytes is null ? 0 : HasReceived);
        Begin((byte)((byte)request.Symbol | flags), now);
        if (hasWait)
            _writer.Time(arrival.Wait);
        if (request.ReceivedBytes is { } received)
            _writer.Number(received);
        if (request.Symbol == Symbol.Register)
            _writer.Address(arrival.From);
        if (request.Symbol is Symbol.Register or Symbol.MapReady)
            WriteKeys(keys);

        var body = arrival.Body.Span;
        body.CopyTo(to[_writer.Written.Length..]);
        return End(to) + body.Length;
    }

    /// <summary>Writes messages of another shard; they need room for as many bytes, and for keys.</summary>
    /// <param name="frame">See <see cref="Rules.Shards.ShardFrame"/>.</param>
    /// <param name="keys">The keys drawn.</param>
    /// <param name="now">The time.</param>
    /// <param name="to">Receives the record.</param>
    public int WriteMessages(ReadOnlySpan<byte> frame, ReadOnlySpan<ulong> keys, TimeSpan now, Span<byte> to)
    {
        Begin((byte)RecordKind.Messages, now);
        WriteKeys(keys);
        frame.CopyTo(to[_writer.Written.Length..]);
        return End(to) + frame.Length;
    }

    public int Write(RecordKind kind, TimeSpan now, Span<byte> to)
    {
        Begin((byte)kind, now);
        return End(to);
    }

    public int Write(in Suspension suspension, TimeSpan now, Span<byte> to)
    {
        Begin((byte)RecordKind.Suspension, now);
        _writer.Time(suspension.Gap);
        _writer.Time(suspension.Grace);
        return End(to);
    }

    public int WriteHead(StateSettings settings, TimeSpan now, Span<byte> to)
    {
        _last = TimeSpan.Zero;
        Begin((byte)RecordKind.Head, now);
        _writer.Number(StateFormat.RulesVersion);
        settings.Write(_writer);
        return End(to);
    }

    public int WriteSeal(Table table, Span<byte> to)
    {
        Begin((byte)RecordKind.Seal, _last);
        _writer.Number(table.PlayerCount);
        _writer.Number(table.GameCount);
        _writer.Number(table.Turns);
        return End(to);
    }

    private void WriteKeys(ReadOnlySpan<ulong> keys)
    {
        _writer.Number(keys.Length);
        foreach (var key in keys)
            _writer.Number(key);
    }

    private void Begin(byte kind, TimeSpan now)
    {
        _writer.Clear();
        _writer.Byte(kind);
        _writer.Time(now - _last);
        _last = now;
    }

    private int End(Span<byte> to)
    {
        _writer.Written.CopyTo(to);
        return _writer.Written.Length;
    }
}
