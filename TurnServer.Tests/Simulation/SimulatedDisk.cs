using TurnServer.Journal;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// A directory whose files have two contents: what is written to them, which outlives a process, and what is on the
/// disk, which outlives the machine's power. It can run full, and fail.
/// </summary>
internal sealed class SimulatedDisk : IStateDirectory
{
    // What is written in one piece: a sector.
    private const int SectorBytes = 512;

    private readonly Dictionary<string, SimulatedFile> _files = [];

    public string Path => "/simulated";

    public Guid BootId { get; private set; } = new(1, 0, 0, new byte[8]);

    /// <summary>How many bytes it holds.</summary>
    public long RoomBytes { get; set; } = long.MaxValue;

    /// <summary>Whether bringing something to the disk fails.</summary>
    public bool FailsToFlush { get; set; }

    /// <summary>Called before and after each change of a file or its name: it may throw, as one that is killed there.
    /// </summary>
    public Action? AtEachStep { get; set; }

    /// <summary>How often something was brought to the disk.</summary>
    public int Flushes { get; private set; }

    public IReadOnlyList<string> List() => [.. _files.Keys];

    public IReadOnlyList<string> ListNonFiles() => [];

    public ISegmentFile Create(string name, int bytes, bool isMapped)
    {
        AtEachStep?.Invoke();
        TakeRoom(bytes);
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
        TakeRoom(stream.Length);
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

    /// <summary>A file with this content, as something else may have left it.</summary>
    public void Put(string name, byte[] content) => _files[name] = new SimulatedFile(this, content);

    /// <summary>For those who damage it: what a process that reads it finds.</summary>
    public byte[] ContentOf(string name) => Find(name).Content;

    /// <summary>Cuts a file off behind so many bytes, or makes it longer.</summary>
    public void Resize(string name, int bytes)
    {
        var content = Find(name).Content;
        Array.Resize(ref content, bytes);
        _files[name] = new SimulatedFile(this, content);
    }

    /// <summary>The machine loses power: of what was not on the disk any sectors may be there, or not.</summary>
    public void LosePower(Chance chance)
    {
        BootId = new Guid(BootId.ToByteArray().Select((part, i) => i == 0 ? (byte)(part + 1) : part).ToArray());
        var sharePerMille = chance.Of([0, 100, 500, 900]);
        foreach (var file in _files.Values)
            file.LosePower(() => chance.Is(sharePerMille));
    }

    /// <summary>
    /// The process is killed while it hands over what it has written to files that are not mapped: of the first of them
    /// some bytes get there.
    /// </summary>
    public void PushSome(Chance chance) => _files.OrderBy(file => file.Key, StringComparer.Ordinal)
        .Select(file => file.Value).FirstOrDefault(file => file.LacksSome)?.PushSome(chance);

    /// <summary>A copy, as it is.</summary>
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
        // Nobody takes it away.
    }

    public void Dispose()
    {
        // Nothing of it is anybody else's.
    }

    private SimulatedFile Find(string name) => _files.TryGetValue(name, out var file)
        ? file
        : throw new FileNotFoundException($"There is no {name}.");

    private void TakeRoom(long bytes)
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

        public bool LacksSome => !_memory.AsSpan().SequenceEqual(content);

        public void Write(int start, int end) => _memory.AsSpan(start..end).CopyTo(content.AsSpan(start));

        public void PushSome(Chance chance)
        {
            var from = _memory.AsSpan().CommonPrefixLength(content);
            var until = _memory.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            Write(from, chance.Between(from, until));
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
            // It stays.
        }
    }
}
