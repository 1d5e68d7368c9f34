using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TurnServer.Bench.Journal;

/// <summary>The writing side of <see cref="OwnContender"/>: a record is a copy into the mapping, and no call.</summary>
internal sealed unsafe class OwnLog : IRecordLog
{
    private readonly string _directory;
    private readonly int _segmentBytes;
    private readonly bool _isSynced;
    // The background syncs one segment while the next is begun.
    private readonly Lock _turnOver = new();
    private FileStream _file = null!;
    private MemoryMappedFile _mapping = null!;
    private MemoryMappedViewAccessor _view = null!;
    private byte* _bytes;
    private ulong _salt;
    private int _number = -1;
    private long _records;
    private int _written;

    public OwnLog(string directory, int segmentBytes, bool isSynced)
    {
        _directory = directory;
        _segmentBytes = segmentBytes;
        _isSynced = isSynced;
        OpenNext();
    }

    public void Append(ReadOnlySpan<byte> record)
    {
        // Room for the mark that the next segment goes on stays.
        if (_segmentBytes - _written < record.Length + (2 * OwnContender.FrameBytes))
            TurnOver();
        record.CopyTo(new Span<byte>(_bytes + _written + OwnContender.FrameBytes, record.Length));
        Complete((uint)record.Length, record);
        Volatile.Write(ref _written, _written + OwnContender.FrameBytes + record.Length);
        _records++;
    }

    public void EndBatch()
    {
        if (_isSynced)
            Sync();
    }

    public void Sync()
    {
        lock (_turnOver)
        {
            var written = Volatile.Read(ref _written);
            // As msync, which leaves the time of the last change to later; fsync would bring that to the disk each time.
            _view.Flush();
            // Goes to the disk with the next sync: so it never says too much.
            Volatile.Write(ref MemoryMarshal.AsRef<long>(new Span<byte>(_bytes + OwnContender.SyncedAt, sizeof(long))),
                written);
        }
    }

    public void Dispose() => Close();

    // The length comes last: a process that is killed before has written none.
    private void Complete(uint length, ReadOnlySpan<byte> payload)
    {
        var frame = new Span<byte>(_bytes + _written, OwnContender.FrameBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[sizeof(int)..],
            OwnContender.Checksum(payload, _salt, _written));
        Volatile.Write(ref MemoryMarshal.AsRef<uint>(frame), length);
    }

    private void TurnOver()
    {
        // First what the mark promises, then the mark: the next segment is made, and only then this one says so.
        var (file, mapping, view, salt, written) = (_file, _mapping, _view, _salt, _written);
        var bytes = _bytes;
        Sync();
        lock (_turnOver)
        {
            OpenNext();
            var frame = new Span<byte>(bytes + written, OwnContender.FrameBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(frame[sizeof(int)..], OwnContender.Checksum([], salt, written));
            Volatile.Write(ref MemoryMarshal.AsRef<uint>(frame), OwnContender.GoesOn);
            view.Flush();
        }

        Close(file, mapping, view);
    }

    private void OpenNext()
    {
        _number++;
        var path = Path.Combine(_directory, OwnContender.FileName(_number));
        _file = new FileStream(path + OwnContender.NewSuffix, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        // Written, not just made longer: a full disk shows here, and no later write has to find room.
        var zeros = new byte[64 * 1024];
        for (var left = _segmentBytes; left > 0; left -= zeros.Length)
            _file.Write(zeros, 0, Math.Min(left, zeros.Length));
        _mapping = MemoryMappedFile.CreateFromFile(_file, null, _segmentBytes, MemoryMappedFileAccess.ReadWrite,
            HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, _segmentBytes, MemoryMappedFileAccess.ReadWrite);
        byte* bytes = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
        _bytes = bytes + _view.PointerOffset;
        _salt = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        OwnContender.WriteHead(new Span<byte>(_bytes, OwnContender.HeadBytes), _number, _records, _salt);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
        File.Move(path + OwnContender.NewSuffix, path);
        _written = OwnContender.HeadBytes;
    }

    private void Close() => Close(_file, _mapping, _view);

    private static void Close(FileStream file, MemoryMappedFile mapping, MemoryMappedViewAccessor view)
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        mapping.Dispose();
        file.Dispose();
    }
}
