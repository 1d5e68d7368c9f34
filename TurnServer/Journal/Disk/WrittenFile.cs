using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TurnServer.Journal.Disk;

/// <summary>
/// A file written by system calls. Unwritten bytes are lost with the process, so it is for records that no reply
/// confirms before they are synced. It syncs several times faster than mapped pages, which also dirty the file's
/// modification time.
/// </summary>
internal sealed partial class WrittenFile : ISegmentFile
{
    private readonly SafeFileHandle _file;
    private readonly byte[] _bytes;

    /// <summary>Opens an existing zero-filled file of this length.</summary>
    public WrittenFile(string path, int length)
    {
        _bytes = new byte[length];
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.Read);
    }

    public Span<byte> Bytes => _bytes;

    public void Write(int start, int end) => RandomAccess.Write(_file, _bytes.AsSpan(start..end), start);

    public void Sync()
    {
        if (SyncData(_file) != 0)
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);
}
