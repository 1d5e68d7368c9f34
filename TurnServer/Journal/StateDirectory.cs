using System.Runtime.InteropServices;

namespace TurnServer.Journal;

/// <summary>A directory on the disk, for one server at a time.</summary>
internal sealed partial class StateDirectory : IStateDirectory
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int BufferBytes = 1024 * 1024;
    private const int WouldBlock = 11;
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    private readonly string _named;
    private readonly bool _isSynced;
    private FileStream _lock;
    private FileStatus? _identity;

    private StateDirectory(string named, bool isSynced)
    {
        _named = named;
        _isSynced = isSynced;
        (Path, _lock) = TakeHold(named, isSynced);
        _identity = FileStatus.Of(named);
        BootId = ReadBootId();
    }

    public string Path { get; private set; }

    public Guid BootId { get; }

    /// <summary>Takes hold of it, and makes it if it is missing.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="isSynced">Whether files and their names are brought to the disk as they are made.</param>
    /// <exception cref="StateException">Another server has it, or it cannot be used.</exception>
    public static StateDirectory Acquire(string path, bool isSynced = true) =>
        new(System.IO.Path.GetFullPath(path), isSynced);

    public DirectoryLoss DetectLoss()
    {
        if (FileStatus.Of(System.IO.Path.Combine(_named, StateFileNames.Lock)) is { } there && there == OwnLock)
            return DirectoryLoss.None;
        if (FileStatus.Of(_named) is not { } directory)
            return DirectoryLoss.Gone;
        return directory == _identity ? DirectoryLoss.Lock : DirectoryLoss.Replaced;
    }

    public void Reacquire()
    {
        if (DetectLoss() is not (var loss and not DirectoryLoss.None))
            return;
        var (path, held) = TakeHold(_named, _isSynced);
        try
        {
            if (loss != DirectoryLoss.Lock && Directory.EnumerateFileSystemEntries(path)
                .Any(entry => StateFileNames.IsState(System.IO.Path.GetFileName(entry))))
            {
                throw new StateException($"the state directory {_named} holds the state of another server by now, "
                    + "which is left as it is; this server's games end.");
            }
        }
        catch
        {
            held.Dispose();
            throw;
        }

        _lock.Dispose();
        (Path, _lock, _identity) = (path, held, FileStatus.Of(_named));
    }

    private FileStatus? OwnLock => FileStatus.Of((int)_lock.SafeFileHandle.DangerousGetHandle());

    private static (string Path, FileStream Lock) TakeHold(string path, bool isSynced)
    {
        if (File.Exists(path))
            throw new StateException($"the state directory {path} is a file: name a directory (--state).");
        try
        {
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path, OwnersAlone | UnixFileMode.UserExecute);
                if (isSynced)
                    SyncNames(System.IO.Path.GetDirectoryName(path)!);
            }

            // As systemd makes it, it is a link: what is said of it must be good for the directory itself.
            path = Directory.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            return (path, TakeLock(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the state directory {path} cannot be used: "
                + $"{StateException.Reason(e)}. It must be a directory that this user may write to (--state).", e);
        }
    }

    public IReadOnlyList<string> List() =>
        [.. Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file))];

    public IReadOnlyList<string> ListNonFiles() =>
        [.. Directory.EnumerateFileSystemEntries(Path).Where(entry => !FileStatus.IsOrdinaryFile(entry))
            .Select(entry => System.IO.Path.GetFileName(entry))];

    public ISegmentFile Create(string name, int bytes, bool isMapped)
    {
        var path = PathOf(name);
        // Looked at first, as it may be tried again and again while there is none.
        if (new DriveInfo(Path).AvailableFreeSpace < bytes)
            throw new IOException($"No space left on device: '{path}'");
        try
        {
            // Written, not only reserved: what has been written once has its place, and needs no other on being
            // written again. To write it in memory is then possible whatever happens to the disk's room.
            using (var file = CreateNew(path))
            {
                var zeros = new byte[Math.Min(bytes, BufferBytes)];
                for (var left = bytes; left > 0; left -= zeros.Length)
                    file.Write(zeros.AsSpan(0, Math.Min(left, zeros.Length)));
                file.Flush(flushToDisk: _isSynced);
            }

            if (_isSynced)
                SyncNames(Path);
            return isMapped ? new MappedFile(path, bytes) : new WrittenFile(path, bytes);
        }
        catch
        {
            TryDelete(path);
            throw;
        }
    }

    public byte[] ReadAll(string name) => File.ReadAllBytes(PathOf(name));

    public Stream Open(string name) => new FileStream(PathOf(name), new FileStreamOptions
    {
        BufferSize = BufferBytes,
        Options = FileOptions.SequentialScan,
    });

    public long Write(string name, Action<Stream> write)
    {
        var path = PathOf(StateFileNames.New(name));
        long length;
        try
        {
            using (var file = CreateNew(path))
            {
                write(file);
                file.Flush(flushToDisk: _isSynced);
                length = file.Length;
            }

            File.Move(path, PathOf(name), overwrite: true);
        }
        catch
        {
            // It may be what has filled the disk.
            TryDelete(path);
            throw;
        }

        if (_isSynced)
            SyncNames(Path);
        return length;
    }

    public void Delete(string name) => File.Delete(PathOf(name));

    public void Dispose() => _lock.Dispose();

    private static FileStream TakeLock(string path)
    {
        var lockPath = System.IO.Path.Combine(path, StateFileNames.Lock);
        try
        {
            // Held by the process, so that it is free once that has ended, however it did.
            return new FileStream(lockPath, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnersAlone,
            });
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            throw new StateException($"the state directory {path} is in use by another server: stop that one, or give "
                + "this one a directory of its own (--state).", e);
        }
    }

    private static FileStream CreateNew(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.Write,
        BufferSize = BufferBytes,
        UnixCreateMode = OwnersAlone,
    });

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report.
        }
    }

    private static Guid ReadBootId()
    {
        try
        {
            return Guid.TryParse(File.ReadAllText(BootIdPath), out var id) ? id : Guid.Empty;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Guid.Empty;
        }
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);

    // A file's name stands in its directory, which is a file of its own to the disk.
    private static void SyncNames(string directory)
    {
        var descriptor = OpenFile(directory, ReadOnlyCloseOnExec);
        if (descriptor < 0)
            throw new IOException($"{directory} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        try
        {
            if (SyncFile(descriptor) != 0)
                throw new IOException($"{directory} cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        finally
        {
            _ = CloseFile(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int descriptor);
}
