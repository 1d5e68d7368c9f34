using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TurnServer.Journal;

/// <summary>
/// A file that is written by calls. What has not been pushed is lost with the process, so it is for what nobody is told
/// before it has been flushed. That takes a fraction of what it takes with mapped pages, each of which has the file's
/// time written down too.
/// </summary>
internal sealed partial class WrittenFile : ISegmentFile
{
    private readonly SafeFileHandle _file;
    private readonly byte[] _bytes;

    /// <summary>Opens a file that is there, and so many bytes 0 long.</summary>
    public WrittenFile(string path, int length)
    {
        _bytes = new byte[length];
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.Read);
    }

    public Span<byte> Bytes => _bytes;

    public void Push(int from, int until) => RandomAccess.Write(_file, _bytes.AsSpan(from..until), from);

    public void Flush()
    {
        if (SyncData(_file) != 0)
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);
}
