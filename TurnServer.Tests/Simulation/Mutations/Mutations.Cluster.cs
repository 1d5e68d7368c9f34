namespace TurnServer.Tests.Simulation;

/// <summary>Bugs in taking over, appending, following and writing snapshots.</summary>
internal static partial class Mutations
{
    private static readonly IReadOnlyList<Mutation> OfCluster =
    [
        OfTakeovers("the condition of an append lacks epoch and owner", "Cluster/ShardAppender.cs",
            "if (!await log.TryAppendAsync(_head, next, content, stop)",
            "var seen = await log.ReadHeadAsync(stop);\n"
            + "                next = next with { Epoch = seen.Epoch, Position = seen.Position + 1 };\n"
            + "                if (!await log.TryAppendAsync(seen, next, content, stop)"),
        OfTakeovers("a reply leaves before its batch is in the log", "Cluster/ShardRecorder.cs",
            "if (fence is null && _recordedPosition > _storedPosition)",
            "if (fence is null && _recordedPosition > _storedPosition + 1)"),
        OfTakeovers("an append without acknowledgement counts as stored", "Cluster/ShardAppender.cs",
            "NoteFailure(clock.GetElapsedTime(startedAt), e);", "return true;"),
        OfTakeovers("an append without acknowledgement counts as refused", "Cluster/ShardAppender.cs",
            "await log.ReadHeadAsync(stop) == next;", "await log.ReadHeadAsync(stop) == next && false;"),
        OfTakeovers("an append without acknowledgement is repeated behind itself", "Cluster/ShardAppender.cs",
            "NoteFailure(clock.GetElapsedTime(startedAt), e);",
            "try { _head = await log.ReadHeadAsync(stop); next = _head.Next(); } catch (LogUnavailableException) { }"),
        OfTakeovers("an old owner's table is not dropped", "Cluster/ShardAppender.cs",
            "if (!await TryStoreAsync(_head.Next(), batch.Content, stop))",
            "if (!await TryStoreAsync(_head.Next(), batch.Content, stop) && batch.Length == 0)"),
        OfTakeovers("a takeover does not raise the epoch", "Cluster/IShardLog.cs",
            "new(Epoch + 1, Position + 1, server)", "new(Math.Max(Epoch, 1), Position + 1, server)"),
        OfTakeovers("a server takes over that has not everything", "Cluster/ShardCandidate.cs",
            "if (head.Position != follower.Position ||", "if (head.Position > follower.Position + 1 ||"),
        OfTakeovers("a snapshot is one batch short", "Cluster/ShardSnapshotter.cs",
            "follower.Apply(batch);",
            "follower.Apply(batch.Position < until || BatchContent.KindOf(batch.Content.Span) != BatchKind.Records\n"
            + "                ? batch : batch with { Content = batch.Content[..BatchContent.HeadBytes] });"),
        OfTakeovers("a batch is overwritten that no snapshot holds", "Cluster/ShardRecorder.cs",
            "_open.Position + BatchesReserved - SnapshotPosition >= _capacity;",
            "_open.Position + BatchesReserved - SnapshotPosition >= 2 * _capacity;"),
        OfTakeovers("takeovers overwrite what no snapshot holds", "Cluster/ShardCandidate.cs",
            "if (head.Position + BatchesReserved - snapshot >= log.Capacity)",
            "if (head.Position + BatchesReserved - snapshot >= 2 * log.Capacity)"),
        OfTakeovers("the times of a batch depend on the batch before", "Cluster/ShardFollower.cs",
            "_replay.BeginBatch();", ""),
        OfTakeovers("a batch is applied twice", "Cluster/ShardFollower.cs",
            "if (batch.Position != Position + 1)",
            "if (batch.Position % 50 == 7 && KeepsKind(batch))\n            ApplyRecords(batch.Content[2..]);\n"
            + "        static bool KeepsKind(LogBatch b) => BatchContent.KindOf(b.Content.Span) == BatchKind.Records;\n"
            + "        if (batch.Position != Position + 1)"),
        OfTakeovers("a takeover grants no grace", "Cluster/ShardFollower.cs",
            "_table.Resume(_keys, takeOver.Grace);", "_table.Resume(_keys, TimeSpan.Zero);"),
        OfTakeovers("a new owner draws the keys of its predecessor", "Cluster/ShardCandidate.cs",
            "table.DrawKeysFrom(log.Role.KeysFrom(keys(last is { } key ? log.Role.NumberOf(key) : null)));", ""),
    ];

    private static Mutation OfTakeovers(string breaks, string file, string old, string @new) =>
        new(breaks, file, old, @new) { Kind = SimulationKind.Cluster };
}
