using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>Does to a table again what a journal has recorded.</summary>
/// <param name="table">As it was before the first record.</param>
/// <param name="keys">What the table draws its keys from.</param>
/// <param name="settings">Under what the table is.</param>
internal sealed class Replay(Table table, RecordedKeys keys, StateSettings settings)
{
    // Whom the answers go to is of no interest; 0 would be nobody.
    private static readonly Ticket Anybody = new(1);
    private TimeSpan _now;

    /// <summary>How many requests have been taken.</summary>
    public long Requests { get; private set; }

    /// <summary>
    /// Takes the next record. Returns whether it was the last of its segment, because another follows.
    /// </summary>
    /// <exception cref="CorruptStateException">It cannot have been recorded of this table.</exception>
    /// <exception cref="OtherRulesException">It was recorded by another version of the rules.</exception>
    public bool Take(ReadOnlyMemory<byte> record)
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
            case RecordKind.Suspension:
                table.ExtendDeadlines(ReadSuspension(ref from), _now);
                break;
            case RecordKind.Seal:
                if (from.Int() != table.PlayerCount || from.Int() != table.GameCount || from.Long() != table.Turns)
                    throw new CorruptStateException("replaying it comes to other players, games and turns");
                from.End();
                return true;
            default:
                Apply(first, ref from, record);
                break;
        }

        return false;
    }

    private void CheckHead(ref FieldReader from)
    {
        if (from.Number() is var version && version != StateFormat.RulesVersion)
            throw new OtherRulesException(version);
        if (StateSettings.Read(ref from) != settings)
            throw new CorruptStateException("it was recorded under other settings than the one before");
        from.End();
    }

    private void Apply(byte first, ref FieldReader from, ReadOnlyMemory<byte> record)
    {
        table.Apply(ReadArrival(first, ref from, record, keys), _now);
        Requests++;
        if (!keys.IsEmpty)
            throw new CorruptStateException("a key drawn that is not needed");
    }

    /// <summary>What <see cref="RecordWriter"/> has written of a suspension.</summary>
    internal static Suspension ReadSuspension(ref FieldReader from)
    {
        var suspension = new Suspension(from.Time(), from.Time());
        from.End();
        return suspension;
    }

    /// <summary>What <see cref="RecordWriter"/> has written of a request.</summary>
    /// <param name="first">The record's first byte.</param>
    /// <param name="from">What comes after the time.</param>
    /// <param name="record">All of it.</param>
    /// <param name="keys">Takes the keys that were drawn for it.</param>
    internal static Arrival ReadArrival(byte first, ref FieldReader from, ReadOnlyMemory<byte> record,
        RecordedKeys keys)
    {
        var symbol = (Symbol)(first & RecordWriter.KindMask);
        var wait = (first & RecordWriter.HasWait) != 0 ? from.Time() : TimeSpan.Zero;
        int? received = (first & RecordWriter.HasReceived) != 0 ? from.Int() : null;
        var address = symbol == Symbol.Register ? from.Address() : default;
        keys.Clear();
        if (symbol is Symbol.Register or Symbol.MapReady)
        {
            for (var count = from.Int(); count > 0; count--)
                keys.Add(from.Number());
        }

        var body = record[^from.Left.Length..];
        if (!RequestParser.TryParse(body.Span, out var request, out _) || request.Symbol != symbol)
            throw new CorruptStateException("a request that is not valid");
        return new Arrival
        {
            Ticket = Anybody,
            Request = request with { ReceivedBytes = received },
            Body = body,
            From = address,
            Wait = wait,
        };
    }
}

/// <summary>The keys that were drawn while a record was made, to be drawn once more.</summary>
internal sealed class RecordedKeys : IKeySource
{
    private readonly Queue<ulong> _keys = [];

    public bool IsEmpty => _keys.Count == 0;

    public void Clear() => _keys.Clear();

    public void Add(ulong key) => _keys.Enqueue(key);

    public ulong Draw() => _keys.TryDequeue(out var key)
        ? key
        : throw new CorruptStateException("a key needed that was not drawn");
}

/// <summary>A journal was recorded by another version of the rules.</summary>
internal sealed class OtherRulesException(ulong version) : Exception
{
    public ulong Version => version;
}
