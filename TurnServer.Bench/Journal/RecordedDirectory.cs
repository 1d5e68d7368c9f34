using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>A state directory that is only read, by a machine that was started anew since or was not.</summary>
internal sealed class RecordedDirectory(string path, bool machineWasStarted) : IStateDirectory
{
    public string Path => path;

    // Empty stands for unknown, which comes to the same as another.
    public Guid BootId { get; } = machineWasStarted
        ? Guid.Empty
        : Guid.Parse(File.ReadAllText("/proc/sys/kernel/random/boot_id"));

    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(path).Select(System.IO.Path.GetFileName)!];

    public IReadOnlyList<string> ListNonFiles() => [];

    public byte[] ReadAll(string name) => File.ReadAllBytes(System.IO.Path.Combine(path, name));

    public ISegmentFile Create(string name, int bytes, bool isMapped) => throw new NotSupportedException();

    public Stream Open(string name) => throw new NotSupportedException();

    public long Write(string name, Action<Stream> write) => throw new NotSupportedException();

    public void Delete(string name) => throw new NotSupportedException();

    public DirectoryLoss DetectLoss() => DirectoryLoss.None;

    public void Reacquire() => throw new NotSupportedException();

    public void Dispose()
    {
        // It holds nothing.
    }
}
