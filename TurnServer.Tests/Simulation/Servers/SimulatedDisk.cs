using TurnServer.Journal;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// A state directory in memory. Each file has its written content, which survives a process crash, and its synced
/// content, which survives a power loss. The disk can run full and fail to flush.
/// </summary>
internal sealed class SimulatedDisk : IStateDirectory
{
    // The unit of atomic writes: a sector.
    private const int SectorBytes = 512;

    private readonly Dictionary<string, SimulatedFile> _files = [];

    public string Path => "/simulated";

    public Guid BootId { get; private set; } = new(1, 0, 0, new byte[8]);

    /// <summary>The disk's capacity in bytes.</summary>
    public long RoomBytes { get; set; } = long.MaxValue;

    /// <summary>Whether flushes fail.</summary>
    public bool FailsToFlush { get; set; }

    /// <summary>Called before and after each change of the directory; may throw to simulate a kill there.</summary>
    public Action? AtEachStep { get; set; }

    /// <summary>How many flushes have succeeded.</summary>
    public int Flushes { get; private set; }

    public IReadOnlyList<string> List() => [.. _files.Keys];

    public IReadOnlyList<string> ListNonFiles() => [];

    public ISegmentFile Create(string name, int bytes, bool isMapped)
    {
        AtEachStep?.Invoke();
        CheckSpace(bytes);
        var file = new SimulatedFile(this, new byte[bytes], isMapped);
        file.Sync();
        _files[name] = file;
        AtEachStep?.Invoke();
        return file;
    }

    public byte[] ReadAll(string name) => [.. Find(name).Content];

    public Stream Open(string name) => new MemoryStream(ReadAll(name));

    public long Write(string name, Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        AtEachStep?.Invoke();
        CheckSpace(stream.Length);
        var file = new SimulatedFile(this, stream.ToArray());
        file.Sync();
        _files[name] = file;
        AtEachStep?.Invoke();
        return stream.Length;
    }

    public void Delete(string name)
    {
        AtEachStep?.Invoke();
        _files.Remove(name);
        AtEachStep?.Invoke();
    }

    /// <summary>Adds a file that is not the server's.</summary>
    public void Put(string name, byte[] content) => _files[name] = new SimulatedFile(this, content);

    /// <summary>The written content, for tests to damage.</summary>
    public byte[] ContentOf(string name) => Find(name).Content;

    /// <summary>Truncates or extends a file.</summary>
    public void Resize(string name, int bytes)
    {
        var content = Find(name).Content;
        Array.Resize(ref content, bytes);
        _files[name] = new SimulatedFile(this, content);
    }

    /// <summary>Loses power: each unsynced sector is kept or lost at random.</summary>
    public void LosePower(SeededRandom random)
    {
        BootId = new Guid(BootId.ToByteArray().Select((part, i) => i == 0 ? (byte)(part + 1) : part).ToArray());
        var sharePerMille = random.Of([0, 100, 500, 900]);
        foreach (var file in _files.Values)
            file.LosePower(() => random.Is(sharePerMille));
    }

    /// <summary>
    /// Kills the process while it writes to files that are not memory-mapped: some bytes of the first one are written.
    /// </summary>
    public void PushSome(SeededRandom random) => _files.OrderBy(file => file.Key, StringComparer.Ordinal)
        .Select(file => file.Value).FirstOrDefault(file => file.HasUnwritten)?.PushSome(random);

    /// <summary>A copy of the written contents.</summary>
    public SimulatedDisk Copy()
    {
        var copy = new SimulatedDisk { BootId = BootId };
        foreach (var (name, file) in _files)
            copy._files[name] = new SimulatedFile(copy, [.. file.Content]);
        return copy;
    }

    public DirectoryLoss DetectLoss() => DirectoryLoss.None;

    public void Reacquire()
    {
        // It is never removed.
    }

    public void Dispose()
    {
        // No unmanaged resources.
    }

    private SimulatedFile Find(string name) => _files.TryGetValue(name, out var file)
        ? file
        : throw new FileNotFoundException($"No such file: {name}");

    private void CheckSpace(long bytes)
    {
        if (_files.Values.Sum(file => (long)file.Content.Length) + bytes > RoomBytes)
            throw new IOException("No space left on device");
    }

    private sealed class SimulatedFile(SimulatedDisk disk, byte[] content, bool isMapped = true) : ISegmentFile
    {
        private readonly byte[] _memory = isMapped ? content : [.. content];
        private byte[] _onDisk = new byte[content.Length];

        public byte[] Content => content;

        public Span<byte> Bytes => _memory;

        public bool HasUnwritten => !_memory.AsSpan().SequenceEqual(content);

        public void Write(int start, int end) => _memory.AsSpan(start..end).CopyTo(content.AsSpan(start));

        public void PushSome(SeededRandom random)
        {
            var from = _memory.AsSpan().CommonPrefixLength(content);
            var until = _memory.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            Write(from, random.Between(from, until));
        }

        public void Sync()
        {
            if (disk.FailsToFlush)
                throw new IOException("Input/output error");
            disk.Flushes++;
            _onDisk = [.. content];
        }

        public void LosePower(Func<bool> survives)
        {
            for (var at = 0; at < content.Length; at += SectorBytes)
            {
                var count = Math.Min(SectorBytes, content.Length - at);
                if (!survives())
                    Array.Copy(_onDisk, at, content, at, count);
            }

            _onDisk = [.. content];
        }

        public void Dispose()
        {
            // The file remains.
        }
    }
}
