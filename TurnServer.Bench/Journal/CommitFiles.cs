using FASTER.core;

namespace TurnServer.Bench.Journal;

/// <summary>
/// The files of FasterLog's commits, each of which says how far the log goes: damage before that is found out, behind
/// it is taken for the log's end. One is written with each sync in the background, not before what it promises is on
/// the disk, and otherwise now and then, as the library itself does.
/// </summary>
internal sealed class CommitFiles(ILogCommitManager files, bool isWrittenBySync) : ILogCommitManager
{
    private Action? _latest;
    private long _untilAddress;

    /// <summary>How far the log was committed when that was last told.</summary>
    public long UntilAddress => Volatile.Read(ref _untilAddress);

    /// <summary>Writes the latest commit, once this has synced what it is of.</summary>
    public void Write(Action sync)
    {
        var latest = Interlocked.Exchange(ref _latest, null);
        sync();
        latest?.Invoke();
    }

    public void Commit(long beginAddress, long untilAddress, byte[] commitMetadata, long commitNum,
        bool forceWriteMetadata)
    {
        if (isWrittenBySync)
            Volatile.Write(ref _latest, WriteNow);
        else
            WriteNow();
        Volatile.Write(ref _untilAddress, untilAddress);

        void WriteNow() => files.Commit(beginAddress, untilAddress, commitMetadata, commitNum,
            forceWriteMetadata || isWrittenBySync);
    }

    public byte[] GetCommitMetadata(long commitNum) => files.GetCommitMetadata(commitNum);

    public IEnumerable<long> ListCommits() => files.ListCommits();

    public void RemoveCommit(long commitNum) => files.RemoveCommit(commitNum);

    public void RemoveAllCommits() => files.RemoveAllCommits();

    public void OnRecovery(long commitNum) => files.OnRecovery(commitNum);

    public void Dispose() => files.Dispose();
}
