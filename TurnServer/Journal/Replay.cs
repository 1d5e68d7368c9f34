using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Rules.Shards;

namespace TurnServer.Journal;

/// <summary>Applies the records of a journal to a table.</summary>
/// <param name="table">The table before the first record.</param>
/// <param name="keys">The table's key source.</param>
/// <param name="settings">The table's settings.</param>
internal sealed class Replay(Table table, RecordedKeys keys, StateSettings settings)
{
    // Replies are discarded, so any ticket will do except 0, which means none.
    private static readonly Ticket AnyTicket = new(1);
    private TimeSpan _now;

    /// <summary>How many requests have been replayed.</summary>
    public long Requests { get; private set; }

    /// <summary>Begins a batch of the shard log, whose times do not depend on earlier records.</summary>
    public void BeginBatch() => _now = TimeSpan.Zero;

    /// <summary>
    /// Applies the next record. Returns whether it was a seal: the last of its segment, with another to follow.
    /// </summary>
    /// <exception cref="CorruptStateException">It is invalid, or does not fit this table.</exception>
    /// <exception cref="OtherRulesException">Another version of the rules recorded it.</exception>
    public bool Apply(ReadOnlyMemory<byte> record)
    {
        var from = new FieldReader(record.Span);
        var first = from.Byte();
        var kind = (RecordKind)(first & RecordWriter.KindMask);
        if (kind == RecordKind.Head)
        {
            _now = from.Time();
            CheckHead(ref from);
            return false;
        }

        _now += from.Time();
        switch (kind)
        {
            case RecordKind.Tick:
                table.Tick(_now);
                break;
            case RecordKind.Refused:
                table.Tick(_now);
                Requests++;
                break;
            case RecordKind.ReleaseAll:
                table.ReleaseAll(_now);
                break;
            case RecordKind.Messages:
                ApplyMessages(ref from);
                break;
            case RecordKind.Suspension:
                table.ExtendDeadlines(ReadSuspension(ref from), _now);
                break;
            case RecordKind.Seal:
                if (from.Int() != table.PlayerCount || from.Int() != table.GameCount || from.Long() != table.Turns)
                    throw new CorruptStateException("player, game or turn counts differ from those recorded");
                from.End();
                return true;
            default:
                ApplyRequest(first, ref from, record);
                break;
        }

        return false;
    }

    /// <summary>The messages of another shard that a record holds; null: it is of another kind.</summary>
    /// <exception cref="CorruptStateException">It is invalid.</exception>
    public static ShardFrame? MessagesOf(ReadOnlySpan<byte> record)
    {
        var from = new FieldReader(record);
        if ((RecordKind)(from.Byte() & RecordWriter.KindMask) != RecordKind.Messages)
            return null;
        from.Time();
        ReadKeys(ref from, new RecordedKeys());
        return ShardFrame.Read(from.Rest);
    }

    private void CheckHead(ref FieldReader from)
    {
        var version = from.Number();
        if (version is < StateFormat.RulesVersionMin or > StateFormat.RulesVersion)
            throw new OtherRulesException(version);
        if (StateSettings.Read(ref from) != settings)
            throw new CorruptStateException("its settings differ from the previous segment's");
        from.End();
    }

    private void ApplyRequest(byte first, ref FieldReader from, ReadOnlyMemory<byte> record)
    {
        table.Apply(ReadArrival(first, ref from, record, keys), _now);
        Requests++;
        if (!keys.IsEmpty)
            throw new CorruptStateException("recorded key not used");
    }

    private void ApplyMessages(ref FieldReader from)
    {
        keys.Clear();
        ReadKeys(ref from, keys);
        table.Receive(ShardFrame.Read(from.Rest), _now);
        if (!keys.IsEmpty)
            throw new CorruptStateException("recorded key not used");
    }

    private static void ReadKeys(ref FieldReader from, RecordedKeys keys)
    {
        for (var count = from.Int(); count > 0; count--)
            keys.Add(from.Number());
    }

    /// <summary>Reads a suspension as <see cref="RecordWriter"/> writes it.</summary>
    internal static Suspension ReadSuspension(ref FieldReader from)
    {
        var suspension = new Suspension(from.Time(), from.Time());
        from.End();
        return suspension;
    }

    /// <summary>Reads a request as <see cref="RecordWriter"/> writes it.</summary>
    /// <param name="first">The record's first byte.</param>
    /// <param name="from">The record after its time.</param>
    /// <param name="record">The whole record.</param>
    /// <param name="keys">Receives the keys that were drawn for it.</param>
    internal static Arrival ReadArrival(byte first, ref FieldReader from, ReadOnlyMemory<byte> record,
        RecordedKeys keys)
    {
        var symbol = (Symbol)(first & RecordWriter.KindMask);
        var wait = (first & RecordWriter.HasWait) != 0 ? from.Time() : TimeSpan.Zero;
        int? received = (first & RecordWriter.HasReceived) != 0 ? from.Int() : null;
        var address = symbol == Symbol.Register ? from.Address() : default;
        keys.Clear();
        if (symbol is Symbol.Register or Symbol.MapReady)
            ReadKeys(ref from, keys);

        var body = record[^from.Rest.Length..];
        if (!RequestParser.TryParse(body.Span, out var request, out _) || request.Symbol != symbol)
            throw new CorruptStateException("invalid request");
        return new Arrival
        {
            Ticket = AnyTicket,
            Request = request with { ReceivedBytes = received },
            Body = body,
            From = address,
            Wait = wait,
        };
    }
}

/// <summary>The keys drawn while a request was recorded, to be drawn again in its replay.</summary>
internal sealed class RecordedKeys : IKeySource
{
    private readonly Queue<ulong> _keys = [];

    public bool IsEmpty => _keys.Count == 0;

    public void Clear() => _keys.Clear();

    public void Add(ulong key) => _keys.Enqueue(key);

    public ulong Draw() => _keys.TryDequeue(out var key)
        ? key
        : throw new CorruptStateException("more keys needed than recorded");
}

/// <summary>Another version of the rules recorded the journal.</summary>
internal sealed class OtherRulesException(ulong version) : Exception
{
    public ulong Version => version;
}
