using System.IO.MemoryMappedFiles;

namespace TurnServer.Journal;

/// <summary>
/// A file in memory. To write there is to write to the system's cache of the file: no call, and nothing that is lost
/// with the process.
/// </summary>
internal sealed unsafe class MappedFile : ISegmentFile
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _first;
    private readonly int _length;

    /// <summary>Maps a file that is there and as long as that.</summary>
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

    public void Push(int from, int until)
    {
        // The system has it.
    }

    /// <inheritdoc/>
    public void Flush() => _view.Flush();

    public void Dispose()
    {
        var handle = _view.SafeMemoryMappedViewHandle;
        handle.ReleasePointer();
        // First, or the view syncs all of it, which is not this method's to decide and may take seconds.
        handle.Dispose();
        _view.Dispose();
        _file.Dispose();
    }
}
