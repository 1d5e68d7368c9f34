using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// What the actor records the table's inputs in, before any reply that depends on them leaves. It does not know where
/// they are kept: in files (<see cref="JournalWriter"/>) or in the log of a cluster (<c>ShardRecorder</c>). Owned by
/// the actor's thread, except for what says that any thread may read it.
/// </summary>
internal interface IRecorder
{
    /// <summary>Whether nothing can be recorded for now, so that requests are refused. Any thread.</summary>
    bool IsStalled { get; }

    /// <summary>Why records would not survive a crash of the server; null: they would. Any thread.</summary>
    string? Fault { get; }

    /// <summary>
    /// Reserves space for a record with a body of this length. When false, nothing may be done that needs recording.
    /// </summary>
    bool TryReserve(int bodyBytes, Table table);

    /// <summary>Records a request that the table has just applied; space must have been reserved.</summary>
    void Record(in Arrival arrival, Table table, TimeSpan now);

    /// <summary>
    /// Records messages of another shard that the table has just received; space must have been reserved for as many
    /// bytes as <see cref="Rules.Shards.ShardFrame.RecordBytes"/>.
    /// </summary>
    void RecordMessages(ReadOnlySpan<byte> frame, Table table, TimeSpan now);

    /// <summary>Records an event that is no more than its kind; space must have been reserved.</summary>
    void Record(RecordKind kind, TimeSpan now);

    /// <summary>Records a suspension; space must have been reserved.</summary>
    void Record(in Suspension suspension, TimeSpan now);

    /// <summary>Lets a reply leave as soon as everything recorded so far is as durable as it has to be.</summary>
    void ReleaseWhenDurable(IDeferredReply reply);
}

/// <summary>A reply that may leave once the records it confirms are durable.</summary>
internal interface IDeferredReply
{
    /// <summary>Lets it leave. Called on the thread that makes records durable, which must not be delayed.</summary>
    void Release();

    /// <summary>Gives it up: whether its records became durable is unknown, or they did not.</summary>
    void Fail(Exception reason);
}
