using System.Collections.Concurrent;
using FASTER.core;
using Microsoft.Win32.SafeHandles;

namespace TurnServer.Bench.Journal;

/// <summary>
/// A device for FasterLog that leaves what it writes to the kernel, and syncs when told. It writes in the thread that
/// commits, as a write to the kernel's cache is shorter than the way to another thread.
/// </summary>
internal sealed unsafe class BufferedDevice(string path)
    : StorageDeviceBase(path, SectorBytes, Devices.CAPACITY_UNSPECIFIED)
{
    private const uint SectorBytes = 512;

    // By segment. Its own threads may write full pages.
    private readonly ConcurrentDictionary<int, SafeFileHandle> _files = new();

    /// <summary>Syncs what was written before the call.</summary>
    public void Flush()
    {
        foreach (var file in _files.Values)
            RandomAccess.FlushToDisk(file);
    }

    public override void WriteAsync(nint sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite,
        DeviceIOCompletionCallback callback, object context)
    {
        var source = new ReadOnlySpan<byte>((void*)sourceAddress, (int)numBytesToWrite);
        RandomAccess.Write(Segment(segmentId), source, (long)destinationAddress);
        callback(0, numBytesToWrite, context);
    }

    public override void ReadAsync(int segmentId, ulong sourceAddress, nint destinationAddress, uint readLength,
        DeviceIOCompletionCallback callback, object context)
    {
        var target = new Span<byte>((void*)destinationAddress, (int)readLength);
        var read = RandomAccess.Read(Segment(segmentId), target, (long)sourceAddress);
        callback(0, (uint)read, context);
    }

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result)
    {
        if (_files.TryRemove(segment, out var file))
            file.Dispose();
        File.Delete(Name(segment));
        callback(result);
    }

    public override void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private SafeFileHandle Segment(int segment) => _files.GetOrAdd(segment, number =>
        File.OpenHandle(Name(number), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite));

    private string Name(int segment) => GetSegmentFilename(FileName, segment);
}
