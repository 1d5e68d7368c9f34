using System.IO.MemoryMappedFiles;

namespace TurnServer.Journal.Disk;

/// <summary>
/// A memory-mapped file. A store goes to the kernel's page cache without a system call and outlives the process.
/// </summary>
internal sealed unsafe class MappedFile : ISegmentFile
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _first;
    private readonly int _length;

    /// <summary>Maps an existing file of this length.</summary>
    public MappedFile(string path, int length)
    {
        _length = length;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, length);
        try
        {
            _view = _file.CreateViewAccessor(0, length);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _first);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public Span<byte> Bytes => new(_first, _length);

    public void Write(int start, int end)
    {
        // The page cache already holds them.
    }

    public void Sync() => _view.Flush();

    public void Dispose()
    {
        var handle = _view.SafeMemoryMappedViewHandle;
        handle.ReleasePointer();
        // Before the view: disposing the view first would sync the whole file, which may take seconds.
        handle.Dispose();
        _view.Dispose();
        _file.Dispose();
    }
}
